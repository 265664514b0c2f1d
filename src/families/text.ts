/**
 * How formats write names, labels and help texts: what they put a backslash
 * before, and how they write names of other characters than Prometheus once
 * allowed alone.
 *
 * @module
 */

import type { Series } from "../types.ts";

/**
 * How a format writes names that hold other characters than letters, digits,
 * underscores and colons.
 *
 * @see {@link https://prometheus.io/docs/instrumenting/escaping_schemes/}
 */
export type EscapingScheme = "allow-utf-8" | "underscores" | "dots" | "values";

const LEGACY_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LEGACY_LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** Escapes a help text; OpenMetrics escapes its quotes as well. */
export function escapeHelp(help: string, quotes: boolean): string {
  return quotes ? escapeQuoted(help) : help
    .replaceAll("\\", "\\\\")
    .replaceAll("\n", "\\n");
}

/** Escapes a text in quotes: a label value, or a name under `allow-utf-8`. */
function escapeQuoted(text: string): string {
  // Most have nothing to escape.
  if (!/["\\\n]/.test(text)) return text;
  return text
    .replaceAll("\\", "\\\\")
    .replaceAll('"', '\\"')
    .replaceAll("\n", "\\n");
}

/** Tells whether every format can write a metric's name as it is. */
export function isLegacyName(name: string): boolean {
  return LEGACY_NAME.test(name);
}

/** Tells whether every format can write the names of all families as they are. */
export function areLegacyNames(families: Iterable<{ name: string }>): boolean {
  for (const { name } of families) if (!LEGACY_NAME.test(name)) return false;
  return true;
}

/** Tells whether every format can write a label's name as it is. */
export function isLegacyLabelName(name: string): boolean {
  return LEGACY_LABEL_NAME.test(name);
}

/** Writes a metric's name by the scheme, without the quotes it may need. */
export function escapeName(name: string, scheme: EscapingScheme): string {
  return escapeBy(scheme, name, LEGACY_NAME, /[a-zA-Z0-9_:]/);
}

function escapeBy(
  scheme: EscapingScheme,
  name: string,
  legacy: RegExp,
  allowed: RegExp,
): string {
  // Dots are told from underscores by doubling those, in every name.
  if (scheme !== "dots" && legacy.test(name)) return name;
  if (scheme === "allow-utf-8") return escapeQuoted(name);
  let escaped = scheme === "values" ? "U__" : "";
  for (const char of name) {
    const isFirstDigit = escaped === "" && /\d/.test(char);
    if (scheme !== "underscores" && char === "_") escaped += "__";
    else if (scheme === "dots" && char === ".") escaped += "_dot_";
    else if (allowed.test(char) && !isFirstDigit) escaped += char;
    else if (scheme === "values") {
      escaped += `_${char.codePointAt(0)!.toString(16)}_`;
    } else escaped += "_";
  }
  return escaped;
}

/** Writes a label set without its braces, as all text formats do: `a="1",b="2"`. */
export function labelText(series: Series, scheme: EscapingScheme): string {
  const { text, labels } = series;
  return text === undefined || scheme === "dots"
    ? labelPairs(labels, scheme)
    : text;
}

/** Writes a label set once for all formats, if they write its names alike. */
export function commonText(labels: Series["labels"]): string | undefined {
  let text = "";
  for (const name of Object.keys(labels)) {
    if (!LEGACY_LABEL_NAME.test(name)) return undefined;
    text += `${text === "" ? "" : ","}${name}="${escapeQuoted(labels[name])}"`;
  }
  return text;
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
  const escape = (name: string, scheme: EscapingScheme) =>
    escapeBy(scheme, name, LEGACY_LABEL_NAME, /[a-zA-Z0-9_]/);
  let text = "";
  for (const name of names) {
    let escaped = escape(name, scheme);
    // Underscores may make two names alike.
    if (escaped !== name && taken.has(escaped)) {
      escaped = escape(name, "values");
    }
    taken.add(escaped);
    if (text !== "") text += ",";
    text += LEGACY_LABEL_NAME.test(escaped) ? escaped : `"${escaped}"`;
    text += `="${escapeQuoted(labels[name])}"`;
  }
  return text;
}
