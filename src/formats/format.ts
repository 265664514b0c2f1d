/** The exposition formats, and which of them a scrape gets. */

import { remember } from "../base/remember.ts";
import { type EscapingScheme, SCHEMES } from "../families/escaping.ts";
import { OPENMETRICS } from "./openmetrics.ts";
import { type Syntax, TEXT } from "./syntax.ts";

export interface Format {
  readonly syntax: Syntax;
  readonly version: "0.0.4" | "1.0.0" | "0.0.1";
  readonly escaping: EscapingScheme;
  readonly contentType: string;
}

/** The format that every Prometheus reads, and people do. */
export const TEXT_0_0_4: Format = makeFormat(TEXT, "0.0.4");

const escaped = new Map<string, Format>();

/** The text format of Prometheus 3, in which names may hold any character. */
export const TEXT_1_0_0: Format = withEscaping(
  makeFormat(TEXT, "1.0.0"),
  "underscores",
);

/** OpenMetrics, with exemplars and units. */
export const OPENMETRICS_1_0_0: Format = makeFormat(OPENMETRICS, "1.0.0");

/** OpenMetrics as Prometheus before 2.42 asked for it. */
const OPENMETRICS_0_0_1 = makeFormat(OPENMETRICS, "0.0.1");

/** A range without a version, or without a type, gets the first. */
export const FORMATS: readonly Format[] = [
  TEXT_0_0_4,
  OPENMETRICS_1_0_0,
  TEXT_1_0_0,
  OPENMETRICS_0_0_1,
];

/** Makes a format whose Content-Type does not mention escaping. */
function makeFormat(syntax: Syntax, version: Format["version"]): Format {
  const contentType = `${syntax.mediaType}; version=${version}; charset=utf-8`;
  return { syntax, version, escaping: "underscores", contentType };
}

/**
 * Gives a format of version 1.0.0 the escaping scheme that was asked for: always
 * the same object, by which encoders remember what they have written.
 */
export function withEscaping(format: Format, escaping: EscapingScheme): Format {
  const base = format.contentType.replace(/; escaping=.*$/, "");
  const contentType = `${base}; escaping=${escaping}`;
  let made = escaped.get(contentType);
  if (made === undefined) {
    escaped.set(contentType, made = { ...format, escaping, contentType });
  }
  return made;
}

/**
 * Chooses the format that an Accept header likes best.
 *
 * The format whose most specific range has the highest quality wins (RFC 9110,
 * 12.5.1); among equals the one that is named most specifically, then first.
 * Where nothing is acceptable it is text 0.0.4: a 406 would help nobody.
 */
export function negotiateFormat(accept: string | null): Format {
  return negotiated(accept ?? "");
}

const negotiated = remember((accept) => {
  const ranges = parseAccept(accept);
  let best = TEXT_0_0_4;
  let bestRange: RankedRange | undefined;
  for (const format of FORMATS) {
    const range = rangeFor(format, ranges);
    // A quality of 0 refuses the format.
    if (range === undefined || range.q === 0) continue;
    if (bestRange !== undefined && !isBetter(range, bestRange)) continue;
    best = format;
    bestRange = range;
    const asked = range.parameters.get("escaping");
    const escaping = SCHEMES.find((each) => each === asked);
    if (format.version === "1.0.0" && escaping !== undefined) {
      best = withEscaping(format, escaping);
    }
  }
  return best;
});

interface MediaRange {
  readonly type: string;
  readonly subtype: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly q: number;
}

interface RankedRange extends MediaRange {
  readonly specificity: number;
  readonly place: number;
}

function isBetter(a: RankedRange, b: RankedRange): boolean {
  const order = a.q - b.q || a.specificity - b.specificity || b.place - a.place;
  return order > 0;
}

/** Finds the range that applies to a format most specifically. */
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

/** Parses the ranges; a malformed one asks for nothing. */
function parseAccept(accept: string): MediaRange[] {
  const ranges: MediaRange[] = [];
  // Commas and semicolons in quotes do not separate.
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
