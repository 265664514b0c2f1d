import type { MetricFamily } from "../types.ts";
import { AT_BOUNDS, hasSum } from "./values.ts";

export const SCHEMES = [
  "allow-utf-8",
  "underscores",
  "dots",
  "values",
] as const;

/**
 * How a format writes names that hold other characters than letters, digits,
 * underscores and colons.
 *
 * @see {@link https://prometheus.io/docs/instrumenting/escaping_schemes/}
 */
export type EscapingScheme = typeof SCHEMES[number];

/** The names of metrics that every format can write as they are. */
export const LEGACY_NAME: RegExp = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

/** Escapes a help text; OpenMetrics escapes its quotes as well. */
export function escapeHelp(help: string, quotes: boolean): string {
  return quotes ? escapeQuoted(help) : help
    .replaceAll("\\", "\\\\")
    .replaceAll("\n", "\\n");
}

/** Escapes a text in quotes: a label value, or a name under `allow-utf-8`. */
export function escapeQuoted(text: string): string {
  // Most have nothing to escape.
  if (!/["\\\n]/.test(text)) return text;
  return text
    .replaceAll("\\", "\\\\")
    .replaceAll('"', '\\"')
    .replaceAll("\n", "\\n");
}

/**
 * Writes a name by the scheme; one that needs quotes stands in them.
 *
 * @param legacy The names that every format can write as they are.
 */
export function escapeName(
  name: string,
  scheme: EscapingScheme,
  legacy: RegExp = LEGACY_NAME,
): string {
  // `dots` doubles the underscores of every name, since a dot becomes `_dot_`.
  if (scheme !== "dots" && legacy.test(name)) return name;
  // Characters that UTF-8 lacks must not tell two names apart.
  const wellFormed = name.toWellFormed();
  if (scheme === "allow-utf-8") return `"${escapeQuoted(wellFormed)}"`;
  let escaped = scheme === "values" ? "U__" : "";
  // A digit is allowed, but not as the first character.
  let before = "";
  for (const char of wellFormed) {
    if (scheme !== "underscores" && char === "_") escaped += "__";
    else if (scheme === "dots" && char === ".") escaped += "_dot_";
    else if (legacy.test(before + char)) escaped += char;
    else if (scheme === "values") {
      escaped += `_${char.codePointAt(0)!.toString(16)}_`;
    } else escaped += scheme === "dots" ? "__" : "_";
    before = "_";
  }
  return escaped;
}

/**
 * The names of a family's samples, as a scheme writes them; the name of an info
 * family ends in `_info`.
 */
export function sampleNames(
  { name, type }: Pick<MetricFamily, "name" | "type">,
  scheme: EscapingScheme,
): readonly string[] {
  if (!hasSum(type)) return [escapeName(name, scheme)];
  return [
    escapeName(name + AT_BOUNDS[type].suffix, scheme),
    escapeName(`${name}_sum`, scheme),
    escapeName(`${name}_count`, scheme),
  ];
}
