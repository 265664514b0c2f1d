import { writeSync } from "node:fs";

const STANDARD_ERROR = 2;

const said = new Set<string>();

/** Says something on standard error, once; the process may end right after it. */
export function say(text: string): void {
  if (said.has(text)) return;
  said.add(text);
  try {
    writeSync(STANDARD_ERROR, `prometheus-async: ${text}\n`);
  } catch {
    // Nobody reads it.
  }
}
