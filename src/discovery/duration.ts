import { describe } from "../describe.ts";
import { requireType } from "../require.ts";

/** The units of a duration, in milliseconds. */
const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  "µs": 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

const PART = /(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)/g;

const WHOLE = new RegExp(`^(?:${PART.source})+$`);

/**
 * Reads a duration as Consul, and all of Go, writes it: `"10s"`, `"1m30s"`.
 *
 * @returns It in milliseconds; `NaN` if it is none.
 */
export function parseDuration(text: string): number {
  if (!WHOLE.test(text)) return NaN;
  let ms = 0;
  for (const [, number, unit] of text.matchAll(PART)) {
    ms += Number(number) * UNITS[unit];
  }
  return ms;
}

/** The longest duration that Go can hold: 2 ** 63 nanoseconds. */
const MAX_MS = 2 ** 63 / 1e6;

/**
 * Reads an option that is a duration.
 *
 * @returns It in milliseconds.
 * @throws {TypeError} If it is no string.
 * @throws {RangeError} If it is no duration, or a shorter one than `min`.
 */
export function readDuration(
  action: string,
  name: string,
  given: unknown,
  min = 1,
): number {
  requireType(action, "string", { [name]: given });
  const ms = parseDuration(given as string);
  if (ms >= min && ms <= MAX_MS) return ms;
  throw new RangeError(
    `Cannot ${action}: ${name} must be a duration such as "10s", of ${min} ms ` +
      `at least, received ${describe(given)}`,
  );
}

/** Writes a duration as Consul reads it. */
export function formatDuration(ms: number): string {
  return `${ms}ms`;
}
