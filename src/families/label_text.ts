import type { Series } from "../types.ts";
import {
  escapeLabelName,
  escapeQuoted,
  type EscapingScheme,
  isLegacyLabelName,
} from "./escape.ts";

/** Writes a label set without its braces, as all text formats do: `a="1",b="2"`. */
export function labelText(series: Series, scheme: EscapingScheme): string {
  const { text, labels } = series;
  return text === undefined || scheme === "dots"
    ? labelPairs(labels, scheme)
    : text;
}

/** Writes a label set once for all formats, if they write its names alike. */
export function commonText(labels: Series["labels"]): string | undefined {
  return Object.keys(labels).every(isLegacyLabelName)
    ? labelPairs(labels, "allow-utf-8")
    : undefined;
}

/** Spells a label set so that no other is spelled alike. */
export function identityText(series: Series): string {
  const text = labelText(series, "allow-utf-8");
  // To Prometheus a label with an empty value is none.
  if (!text.includes('=""')) return text;
  const labels = Object.entries(series.labels).filter(([, value]) => value);
  return labelPairs(Object.fromEntries(labels), "allow-utf-8");
}

/** Writes labels as {@linkcode labelText} does. */
export function labelPairs(
  labels: Readonly<Record<string, string>>,
  scheme: EscapingScheme,
): string {
  const names = Object.keys(labels);
  const taken = new Set(names);
  let text = "";
  for (const name of names) {
    let escaped = escapeLabelName(name, scheme);
    // Underscores may make two names alike.
    if (escaped !== name && taken.has(escaped)) {
      escaped = escapeLabelName(name, "values");
    }
    taken.add(escaped);
    if (text !== "") text += ",";
    text += isLegacyLabelName(escaped) ? escaped : `"${escaped}"`;
    text += `="${escapeQuoted(labels[name])}"`;
  }
  return text;
}
