import type { EscapingScheme } from "../families/text.ts";
import {
  type Format,
  OPENMETRICS_0_0_1,
  OPENMETRICS_1_0_0,
  TEXT_0_0_4,
  TEXT_1_0_0,
  withEscaping,
} from "./format.ts";

/** One of the ranges in an Accept header. */
interface MediaRange {
  readonly type: string;
  readonly subtype: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly q: number;
}

/** The formats; a range without a version, or without a type, gets the first. */
const FORMATS = [TEXT_0_0_4, OPENMETRICS_1_0_0, TEXT_1_0_0, OPENMETRICS_0_0_1];

const SCHEMES: readonly string[] = [
  "allow-utf-8",
  "underscores",
  "dots",
  "values",
] satisfies EscapingScheme[];

/**
 * Chooses the format that an Accept header likes best.
 *
 * The format whose most specific range has the highest quality wins (RFC 9110,
 * 12.5.1); among equals the one that is named most specifically, then first.
 * Where nothing is acceptable it is text 0.0.4: a 406 would help nobody.
 */
export function negotiateFormat(accept: string | null): Format {
  const ranges = parseAccept(accept ?? "");
  let best: Format = TEXT_0_0_4;
  let bestRange: RankedRange | undefined;
  for (const format of FORMATS) {
    const range = rangeFor(format, ranges);
    // A quality of 0 refuses the format.
    if (range === undefined || range.q === 0) continue;
    if (bestRange !== undefined && !isBetter(range, bestRange)) continue;
    best = format;
    bestRange = range;
    const escaping = range.parameters.get("escaping") ?? "";
    if (format.version === "1.0.0" && SCHEMES.includes(escaping)) {
      best = withEscaping(format, escaping as EscapingScheme);
    }
  }
  return best;
}

/** A range that speaks of a format. */
interface RankedRange extends MediaRange {
  readonly specificity: number;
  readonly place: number;
}

/** Tells whether a format's range wins over another format's. */
function isBetter(a: RankedRange, b: RankedRange): boolean {
  if (a.q !== b.q) return a.q > b.q;
  return a.specificity === b.specificity
    ? a.place < b.place
    : a.specificity > b.specificity;
}

/** Finds the range that speaks of a format most specifically. */
function rangeFor(
  { syntax, version }: Format,
  ranges: readonly MediaRange[],
): RankedRange | undefined {
  const [ownType, ownSubtype] = syntax.mediaType.split("/");
  let best: RankedRange | undefined;
  for (const [place, range] of ranges.entries()) {
    const { type, subtype, parameters, q } = range;
    const asked = parameters.get("version");
    let specificity = 0;
    if (type !== "*" || subtype !== "*") {
      if (type !== ownType) continue;
      specificity = subtype === "*" ? 1 : asked === undefined ? 2 : 3;
      if (subtype !== "*" && subtype !== ownSubtype) continue;
      if (specificity === 3 && asked !== version) continue;
    }
    const isBetter = best === undefined || specificity > best.specificity ||
      (specificity === best.specificity && q > best.q);
    if (isBetter) best = { ...range, specificity, place };
  }
  return best;
}

/** Reads the ranges; one that cannot be read asks for nothing. */
function parseAccept(accept: string): MediaRange[] {
  const ranges: MediaRange[] = [];
  // Separators in quotes are none.
  for (const range of accept.match(/(?:[^,"]|"[^"]*"?)+/g) ?? []) {
    const [name = "", ...rest] = range.match(/(?:[^;"]|"[^"]*"?)+/g) ?? [];
    const [, type, subtype] =
      /^([^\s/]+)\/([^\s/]+)$/.exec(name.trim().toLowerCase()) ?? [];
    if (type === undefined) continue;
    const parameters = new Map<string, string>();
    for (const parameter of rest) {
      const at = parameter.indexOf("=");
      if (at === -1) continue;
      const value = parameter.slice(at + 1).trim();
      const isQuoted = value.length > 1 && /^".*"$/.test(value);
      parameters.set(
        parameter.slice(0, at).trim().toLowerCase(),
        isQuoted ? value.slice(1, -1) : value,
      );
    }
    // RFC 9110, 12.4.2, and more digits than that.
    const weight = parameters.get("q") ?? "1";
    const q = /^\d(\.\d*)?$/.test(weight) ? Number(weight) : NaN;
    if (q >= 0 && q <= 1) ranges.push({ type, subtype, parameters, q });
  }
  return ranges;
}
