import {
  areLegacyNames,
  escapeName,
  type EscapingScheme,
  isLegacyName,
  labelPairs,
} from "../families/text.ts";
import { rest } from "../runtime/pace.ts";
import type { Exemplar, MetricFamily, Series } from "../types.ts";
import { ByteWriter, NUMBER_BYTES, numberText } from "./byte_writer.ts";
import type { Format } from "./format.ts";
import type { WrittenFamily } from "./syntax.ts";
import { follow, type Follower, NEW_SERIES, Template } from "./template.ts";

/** After so many lines the clock is looked at. */
const LINES = 2048;

/** The bytes of a value, roughly. */
const VALUE_BYTES = 12;

/** Lines that were written since the clock was looked at, by all encoders. */
let unpaced = 0;

/**
 * Writes families in an exposition format.
 *
 * The event loop gets its turn in between. What stands before the values is
 * remembered for as long as the families' `origin` is in use.
 */
export async function encode(
  families: readonly MetricFamily[],
  format: Format,
): Promise<Uint8Array<ArrayBuffer>> {
  const prepared = format.syntax.prepare(families);
  const written = prepared instanceof Promise ? await prepared : prepared;
  const parts = await partsOf(written, format);
  // A guess of the length: to have guessed too little costs a copy.
  let bytes = 0;
  // Before lines are written there must be room for the longest.
  let longest = 0;
  for (const { template: { headerBytes, ends } } of parts) {
    bytes += (ends.at(-1) ?? headerBytes) + ends.length * VALUE_BYTES;
    longest = Math.max(longest, Math.min(ends.length, LINES) * NUMBER_BYTES);
  }
  const writer = new ByteWriter(bytes + longest);
  for (const part of parts) {
    const { family, template, lines } = part;
    if (lines === 0) writer.copy(template.prefixes, 0, template.headerBytes);
    const isPlain = !format.syntax.hasExemplars || !family.exemplars?.size;
    for (let from = 0; from < lines; from += LINES) {
      const to = Math.min(from + LINES, lines);
      if (isPlain) writer.lines(template, family.values, from, to);
      else writeWithExemplars(writer, part, from, to);
      unpaced += to - from;
      if (unpaced < LINES) continue;
      unpaced = 0;
      await rest();
    }
  }
  writer.text(format.syntax.end);
  return writer.bytes;
}

/** The scheme by which a template is known that serves several. */
const COMMON: EscapingScheme = "underscores";

/** Templates by the origin of families. */
const known = new WeakMap<object, Template[]>();

/** A family, with its text but for the values. */
interface Part {
  readonly family: WrittenFamily;
  readonly format: Format;
  readonly template: Template;
  readonly lines: number;
}

/** Finds or makes the templates of families. */
async function partsOf(
  families: readonly WrittenFamily[],
  format: Format,
): Promise<readonly Part[]> {
  const parts: Part[] = [];
  let isLegacy = format.escaping !== "dots";
  for (const family of families) {
    const template = findTemplate(family, format);
    if (!template || !isLegacy || !template.isLegacyName) break;
    const lines = template.linesOf(family.series.length);
    parts.push({ family, format, template, lines });
  }
  if (parts.length === families.length) return parts;
  isLegacy &&= areLegacyNames(families);
  const formats = isLegacy ? undefined : formatsFor(families, format);
  if (!isLegacy) parts.length = 0;
  for (let i = parts.length; i < families.length; i++) {
    const family = families[i];
    const own = formats?.[i] ?? format;
    const found = findTemplate(family, own) ??
      templateOf(family, own, isLegacy);
    const template = found instanceof Promise ? await found : found;
    const lines = template.linesOf(family.series.length);
    parts.push({ family, format: own, template, lines });
  }
  return parts;
}

/** Gives those families another escaping scheme whose names would be taken. */
function formatsFor(
  families: readonly WrittenFamily[],
  format: Format,
): Format[] {
  const taken = new Set(families.map(({ name }) => name));
  return families.map(({ name }) => {
    const escaped = escapeName(name, format.escaping);
    if (escaped === name) return format;
    if (taken.has(escaped)) return { ...format, escaping: "values" };
    taken.add(escaped);
    return format;
  });
}

/** Finds the template of a family, if it has the series from the last time. */
function findTemplate(
  family: WrittenFamily,
  format: Format,
): Template | undefined {
  const { origin = family.series } = family;
  const templates = known.get(origin);
  if (templates === undefined) return undefined;
  for (const each of templates) if (each.writes(family, format)) return each;
}

/** Brings the template of a family and a format up to date. */
function templateOf(
  family: WrittenFamily,
  format: Format,
  areLegacy: boolean,
): Template | Promise<Template> {
  const { name, series, origin = series } = family;
  const isLegacy = areLegacy || isLegacyName(name);
  // One template serves all schemes that write the same.
  let isCommon = isLegacy && format.escaping !== "dots";
  for (const { text } of series) isCommon &&= text !== undefined;
  const own = isCommon ? { ...format, escaping: COMMON } : format;
  let templates = known.get(origin);
  if (templates === undefined) known.set(origin, templates = []);
  let place = 0;
  while (templates[place]?.isFor(family, own) === false) place++;
  let template = templates[place];
  if (!template?.hasHeaderOf(family)) {
    // Its place is taken before a pause.
    templates[place] = template = new Template(family, own, isLegacy);
  }
  const follower = { template, at: 0 };
  if (series.length > NEW_SERIES) {
    return followMany(follower, series, templates, place);
  }
  follow(follower, series);
  follower.template.end(series);
  return templates[place] = follower.template;
}

async function followMany(
  follower: Follower,
  series: readonly Series[],
  templates: Template[],
  place: number,
): Promise<Template> {
  while (follower.at < series.length) {
    follow(follower, series);
    await rest();
  }
  follower.template.end(series);
  return templates[place] = follower.template;
}

function writeWithExemplars(
  writer: ByteWriter,
  { family: { values, exemplars }, format, template }: Part,
  from: number,
  to: number,
): void {
  for (let line = from; line < to; line++) {
    const exemplar = exemplars?.get(template.indexes[line]);
    if (exemplar === undefined) continue;
    writer.lines(template, values, from, line + 1);
    writer.endLineWith(exemplarText(exemplar, format));
    from = line + 1;
  }
  writer.lines(template, values, from, to);
}

function exemplarText(
  { labels, value, timestamp }: Exemplar,
  { escaping }: Format,
): string {
  const time = timestamp === undefined ? "" : ` ${numberText(timestamp)}`;
  return ` # {${labelPairs(labels, escaping)}} ${numberText(value)}${time}`;
}
