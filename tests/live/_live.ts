import type { CollectorError } from "../../src/errors.ts";
import { MergedFamilies } from "../../src/families/merge.ts";
import { Deadline } from "../../src/runtime/wait.ts";
import { encode } from "../../src/formats/encode.ts";
import { type Format, TEXT_0_0_4 } from "../../src/formats/format.ts";
import { gather } from "../../src/gather/gather.ts";
import { Mirror } from "../../src/live/mirror.ts";
import { LiveReader } from "../../src/memory/reader.ts";
import type { MetricFamily, Registry } from "../../src/types.ts";

/** A mirror, and a reader of what it mirrors. */
export interface Live {
  readonly mirror: Mirror;
  readonly reader: LiveReader;
  /** Reads, and fails if something cannot be. */
  families(): readonly MetricFamily[];
}

/** Mirrors registries, and reads them on this thread. */
export function live(...registries: Registry[]): Live {
  const errors: unknown[] = [];
  const onError = (error: unknown) => {
    // That a metric is not live hinders no reading.
    if (!/^Error: Cannot keep metric /.test(String(error))) errors.push(error);
  };
  const mirror = new Mirror({ registries, onError });
  const chunks: Parameters<LiveReader["add"]>[0][] = [];
  const handover = mirror.handOver((chunk) => {
    // As from thread to thread, it arrives later.
    chunks.push(chunk);
  });
  const reader = new LiveReader(handover);
  return {
    mirror,
    reader,
    families() {
      for (const chunk of chunks.splice(0)) reader.add(chunk);
      const { families, failures, late } = reader.read();
      for (const error of [...errors, ...failures]) throw error;
      if (late > 0) throw new Error(`${late} families are late`);
      return families;
    },
  };
}

/** Refreshes a mirror; yields what failed. */
export async function refresh(mirror: Mirror): Promise<CollectorError[]> {
  const refreshed = mirror.refresh().map(({ refreshed }) => refreshed);
  const failures = await Promise.all(refreshed);
  return failures.filter((failure) => failure !== undefined);
}

/** Mirrors registries for the time of a function. */
export async function withLive(
  registries: Registry[],
  use: (live: Live) => unknown,
): Promise<void> {
  const mirrored = live(...registries);
  try {
    await use(mirrored);
  } finally {
    mirrored.mirror.close();
  }
}

/** Writes families as a handler would. */
export async function write(
  found: readonly MetricFamily[],
  format: Format = TEXT_0_0_4,
): Promise<string> {
  const merged = new MergedFamilies("underscores");
  await merged.add(found);
  return new TextDecoder().decode(await encode(merged.families, format));
}

/** Writes what the registries have, without their mirrors. */
export async function writeGathered(
  registries: readonly Registry[],
  format: Format = TEXT_0_0_4,
): Promise<string> {
  const deadline = new Deadline(10_000);
  const { families } = await gather(registries, { deadline });
  return await write(families, format);
}
