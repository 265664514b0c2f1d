/** The verdicts of promtool and Python on answers. */
import { metricsHandler } from "../../../src/exposition/mod.ts";
import type { Registry } from "../../../src/types.ts";
import { assertEquals } from "@std/assert";
import { missing } from "../../../tools/servers/locate.ts";
import type { TestOptions } from "../../_suite.ts";
import {
  checkWithPromtool,
  type ParsedFamily,
  type ParsedSample,
  parseWithPython,
  type Verdict,
} from "./_oracles.ts";

/** The options of the tests that ask them. */
export const ORACLES: TestOptions = {
  skip: missing("promtool", "openmetrics-parser"),
};

/** promtool's words for an exposition without faults. */
const GOOD: Verdict = { code: 0, output: "" };

/** Labels as they are read back. */
export type Labels = Record<string, string>;

/**
 * Serves a registry in both formats, has promtool and Python judge them, and
 * yields what is in them.
 */
export async function judge(
  registry: Registry,
  verdict: Verdict = GOOD,
): Promise<ParsedFamily[]> {
  const errors: unknown[] = [];
  const handler = metricsHandler({
    registry,
    onError: (error) => void errors.push(error),
  });
  async function scrape(contentType: string): Promise<Uint8Array> {
    const { headers, body } = await handler(
      new Request("http://localhost/metrics", {
        headers: { accept: contentType },
      }),
    );
    assertEquals(headers.get("content-type"), `${contentType}; charset=utf-8`);
    return new Uint8Array(await new Response(body).arrayBuffer());
  }
  const text = await scrape("text/plain; version=0.0.4");
  const openMetrics = await scrape(
    "application/openmetrics-text; version=1.0.0",
  );
  assertEquals(errors, []);
  const [checked, families, samples] = await Promise.all([
    checkWithPromtool(text),
    parseWithPython(openMetrics),
    samplesInText(text),
  ]);
  assertEquals(checked, verdict);
  assertEquals(comparable(families), comparable(samples));
  return families;
}

/** Parses what is in text format, without the types: they rename samples. */
async function samplesInText(text: Uint8Array): Promise<ParsedFamily[]> {
  const samples = new TextDecoder().decode(text).replaceAll(/^#.*\n/gm, "");
  return await parseWithPython(new TextEncoder().encode(samples), "text");
}

/** Samples as both formats have them: in any order, bounds spelled anyhow. */
function comparable(families: ParsedFamily[]): string[] {
  return families.flatMap(({ samples }) => samples)
    .map(({ name, labels, value }) => {
      const { le, quantile, ...own } = labels;
      return JSON.stringify([
        name,
        Object.entries(own).sort(),
        [le, quantile].map((bound) => bound && String(parseFloat(bound))),
        String(value),
      ]);
    })
    .sort();
}

/** Finds the family of a name and yields its samples. */
export function samplesOf(
  families: ParsedFamily[],
  name: string,
): [name: string, labels: Labels, value: number][] {
  const { samples } = families.find((family) => family.name === name)!;
  return samples.map(({ name, labels, value }) => [name, labels, value]);
}

/** The types of families, by their names. */
export const typesOf = (families: ParsedFamily[]): Record<string, string> =>
  Object.fromEntries(families.map(({ name, type }) => [name, type]));

/** A sample as it should be read. */
export const sample = (
  name: string,
  labels: Labels,
  value: number,
): ParsedSample => ({ name, labels, value });
