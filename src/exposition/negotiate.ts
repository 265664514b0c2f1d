import type { EscapingScheme } from "../families/escape.ts";
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

/** What a range without a version, or without a type, gets: the best first. */
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
  let bestRank: Rank = [0, 0, 0];
  for (const format of FORMATS) {
    const found = rank(format, ranges);
    // A quality of 0 refuses the format.
    if (found === undefined || found.range.q === 0) continue;
    if (compare(found.rank, bestRank) <= 0) continue;
    best = format;
    bestRank = found.rank;
    const escaping = found.range.parameters.get("escaping") ?? "";
    if (format.version === "1.0.0" && SCHEMES.includes(escaping)) {
      best = withEscaping(format, escaping as EscapingScheme);
    }
  }
  return best;
}

/** Quality, specificity, and place, of which the first is the greatest. */
type Rank = readonly [q: number, specificity: number, place: number];

function compare(a: Rank, b: Rank): number {
  const differing = a.findIndex((part, i) => part !== b[i]);
  return differing === -1 ? 0 : a[differing] - b[differing];
}

/** Finds the range that speaks of a format most specifically. */
function rank(
  format: Format,
  ranges: readonly MediaRange[],
): { rank: Rank; range: MediaRange } | undefined {
  let best: { rank: Rank; range: MediaRange } | undefined;
  ranges.forEach((range, place) => {
    const specificity = match(format, range);
    if (specificity === undefined) return;
    const rank: Rank = [range.q, specificity, -place];
    const isBetter = best === undefined || specificity > best.rank[1] ||
      (specificity === best.rank[1] && range.q > best.rank[0]);
    if (isBetter) best = { rank, range };
  });
  return best;
}

/** How specifically a range speaks of a format, if it does at all. */
function match(format: Format, range: MediaRange): number | undefined {
  const [type, subtype] = format.syntax === "text"
    ? ["text", "plain"]
    : ["application", "openmetrics-text"];
  if (range.type === "*" && range.subtype === "*") return 0;
  if (range.type !== type) return undefined;
  if (range.subtype === "*") return 1;
  if (range.subtype !== subtype) return undefined;
  const version = range.parameters.get("version");
  if (version === undefined) return 2;
  return version === format.version ? 3 : undefined;
}

function parseAccept(accept: string): MediaRange[] {
  return split(accept, ",").flatMap((text) => parseRange(text) ?? []);
}

/** Reads one range; what cannot be read asks for nothing. */
function parseRange(text: string): MediaRange | undefined {
  const [name = "", ...rest] = split(text, ";");
  const [, type, subtype] = /^([^\s/]+)\/([^\s/]+)$/.exec(name.toLowerCase()) ??
    [];
  if (type === undefined) return undefined;
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
  return q >= 0 && q <= 1 ? { type, subtype, parameters, q } : undefined;
}

/** Splits at a separator that does not stand in quotes. */
function split(text: string, separator: "," | ";"): string[] {
  const parts = text.match(
    separator === "," ? /(?:[^,"]|"[^"]*"?)+/g : /(?:[^;"]|"[^"]*"?)+/g,
  );
  return (parts ?? []).map((part) => part.trim());
}
