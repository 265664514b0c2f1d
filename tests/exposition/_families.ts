/** Families to be written, and what writes them. */
import { encode } from "../../src/formats/encode.ts";
import { type Format, TEXT_0_0_4 } from "../../src/formats/format.ts";
import type { MetricFamily, Series } from "../../src/types.ts";

const decoder = new TextDecoder();

/** Writes families, as a text. */
export async function write(
  families: readonly MetricFamily[],
  format: Format = TEXT_0_0_4,
): Promise<string> {
  return decoder.decode(await encode(families, format));
}

/** Makes a family; each row has a series' labels and its values. */
export function family(
  type: MetricFamily["type"],
  name: string,
  rows: readonly (readonly [Series["labels"], ...number[]])[],
  options: Partial<MetricFamily> & { bounds?: readonly number[] } = {},
): MetricFamily {
  const { bounds, help = "help", ...rest } = options;
  return {
    name,
    help,
    type,
    series: rows.map(([labels]) => ({ labels, bounds })),
    values: rows.flatMap(([, ...values]) => values),
    ...rest,
  };
}

/** A counter with two series. */
export const JOBS: MetricFamily = family("counter", "jobs_total", [[{}, 3], [{
  kind: "a",
}, 0.5]]);

/** A histogram with one series. */
export const SECONDS: MetricFamily = family(
  "histogram",
  "job_seconds",
  [[{ kind: "a" }, 1, 2, 3, 4.5]],
  { bounds: [0.5, 1] },
);

/** A summary with one series. */
export const SIZES: MetricFamily = family("summary", "size_bytes", [[
  {},
  10,
  20,
  2,
  30,
]], {
  bounds: [0.5, 1],
});
