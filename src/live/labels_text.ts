import { labelTexts, type RawLabels } from "../clients/labels.ts";

/** What is written of labels: names and values in turn, as JSON. */
export function labelsText(labels: RawLabels): string {
  return JSON.stringify(labelTexts(labels).flat());
}

/** Reads what was written of labels, once it is parsed. */
export function readLabels(texts: readonly string[]): [string, string][] {
  const labels: [string, string][] = [];
  for (let i = 0; i < texts.length; i += 2) {
    labels.push([texts[i], texts[i + 1]]);
  }
  return labels;
}
