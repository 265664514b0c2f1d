/** The last full measurements: bench/results.json. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Result } from "./bench_result.ts";
import { ROOT } from "./files.ts";
import { type RuntimeName, RUNTIMES } from "./runtimes.ts";

/** The result of a comparison, where it stands, and when it was measured. */
export interface RecordedResult extends Result {
  readonly file: string;
  /** The day, as in 2026-11-26. */
  readonly date: string;
}

/** The measurements of one machine. */
export interface BenchRecord {
  readonly machine: string;
  /** The compared packages, with their versions. */
  readonly packages: readonly string[];
  readonly runtimes: {
    readonly [Name in RuntimeName]?: {
      readonly version: string;
      readonly results: readonly RecordedResult[];
    };
  };
}

const PATH = join(ROOT, "bench/results.json");

/** Reads the record; `undefined` if there is none. */
export async function readRecord(): Promise<BenchRecord | undefined> {
  try {
    return JSON.parse(await readFile(PATH, "utf8"));
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Writes the record; figures are rounded to four digits. */
export async function writeRecord(record: BenchRecord): Promise<void> {
  const round = (_key: string, value: unknown) =>
    typeof value === "number" ? Number(value.toPrecision(4)) : value;
  await writeFile(PATH, `${JSON.stringify(record, round, 2)}\n`);
}

/**
 * Tells why results cannot stand beside those of a record, if they cannot: what
 * is compared must have been measured on one machine, with the same versions.
 */
export function whyApart(
  old: BenchRecord,
  { machine, packages, runtimes }: BenchRecord,
): string | undefined {
  if (old.machine !== machine) return `it is of "${old.machine}"`;
  const changed = packages.find((each) => !old.packages.includes(each));
  if (changed !== undefined) return `it has another version than ${changed}`;
  for (const [name, { version }] of Object.entries(runtimes)) {
    const known = old.runtimes[name as RuntimeName]?.version;
    if (known !== undefined && known !== version) {
      return `it is of ${name} ${known}`;
    }
  }
  return undefined;
}

/** Puts results in the place of those that a record has of the same comparisons. */
export function mergeRecord(
  old: BenchRecord | undefined,
  measured: BenchRecord,
): BenchRecord {
  const runtimes: Record<string, NonNullable<BenchRecord["runtimes"]["deno"]>> =
    { ...old?.runtimes };
  for (
    const [name, { version, results }] of Object.entries(measured.runtimes)
  ) {
    const names = new Set(results.map((each) => each.name));
    const kept = (runtimes[name]?.results ?? [])
      .filter((each) => !names.has(each.name));
    runtimes[name] = { version, results: [...kept, ...results] };
  }
  return { ...measured, runtimes };
}

/** One runtime's results, with its name and version as people write them. */
export interface Column {
  readonly runtime: RuntimeName;
  readonly title: string;
  readonly results: readonly RecordedResult[];
}

/** Lists what was measured by the runtime, in the order of the runtimes. */
export function columnsOf({ runtimes }: BenchRecord): Column[] {
  return RUNTIMES.flatMap((runtime) => {
    const found = runtimes[runtime];
    if (found === undefined) return [];
    const { version, results } = found;
    const title = `${runtime[0].toUpperCase()}${runtime.slice(1)} ${version}`;
    return [{ runtime, title, results }];
  });
}
