/**
 * What the text formats put a backslash before, and how they write names that
 * are not of the characters that Prometheus once allowed alone.
 *
 * @module
 */

/**
 * How a format writes names that hold other characters than letters, digits,
 * underscores and colons.
 *
 * @see {@link https://prometheus.io/docs/instrumenting/escaping_schemes/}
 */
export type EscapingScheme = "allow-utf-8" | "underscores" | "dots" | "values";

/** Escapes a help text; OpenMetrics asks for quotes to be escaped, too. */
export function escapeHelp(help: string, quotes: boolean): string {
  return quotes ? escapeQuoted(help) : help
    .replaceAll("\\", "\\\\")
    .replaceAll("\n", "\\n");
}

/** Escapes what stands in quotes: label values, and names under `allow-utf-8`. */
export function escapeQuoted(text: string): string {
  // Most have nothing to escape.
  if (!/["\\\n]/.test(text)) return text;
  return text
    .replaceAll("\\", "\\\\")
    .replaceAll('"', '\\"')
    .replaceAll("\n", "\\n");
}

/** Tells whether every format can write a metric's name as it is. */
export function isLegacyName(name: string): boolean {
  return /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name);
}

/** Tells whether every format can write a label's name as it is. */
export function isLegacyLabelName(name: string): boolean {
  return /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name);
}

/** Writes a metric's name by the scheme, without the quotes it may need. */
export function escapeName(name: string, scheme: EscapingScheme): string {
  return escapeBy(scheme, name, isLegacyName(name), /[a-zA-Z0-9_:]/);
}

/** Writes a label's name by the scheme, without the quotes it may need. */
export function escapeLabelName(name: string, scheme: EscapingScheme): string {
  return escapeBy(scheme, name, isLegacyLabelName(name), /[a-zA-Z0-9_]/);
}

function escapeBy(
  scheme: EscapingScheme,
  name: string,
  isLegacy: boolean,
  allowed: RegExp,
): string {
  if (scheme === "allow-utf-8") return isLegacy ? name : escapeQuoted(name);
  // Dots are told from underscores by doubling those, in every name.
  if (isLegacy && scheme !== "dots") return name;
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
