import type { CollectedExemplar, Exemplar } from "../types.ts";

/** The greatest length of an exemplar's labels, in characters (OpenMetrics). */
const EXEMPLAR_CHARACTERS = 128;

/** Adds an exemplar, unless it is none: one that the client refused is half made. */
export function addExemplar(
  exemplars: Map<number, Exemplar>,
  at: number,
  collected: CollectedExemplar | null | undefined,
): void {
  const { labelSet, value, timestamp } = collected ?? {};
  if (typeof value !== "number" || typeof labelSet !== "object") return;
  const labels: Record<string, string> = {};
  let characters = 0;
  for (const [name, labelValue] of Object.entries(labelSet)) {
    // Prometheus refuses a whole scrape for a NUL here, and for no name.
    if (name === "" || name.includes("\0")) return;
    labels[name] = String(labelValue).replaceAll("\0", "\ufffd").toWellFormed();
    characters += [...name].length + [...labels[name]].length;
  }
  if (characters > EXEMPLAR_CHARACTERS) return;
  exemplars.set(at, { labels, value, timestamp });
}
