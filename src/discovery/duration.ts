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

/** Writes a duration as Consul reads it. */
export function formatDuration(ms: number): string {
  return `${ms}ms`;
}
