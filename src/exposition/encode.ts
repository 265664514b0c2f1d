import { paced, type Steps } from "../runtime/pace.ts";
import type { Exemplar, MetricFamily, MetricType, Series } from "../types.ts";
import { ByteWriter, NUMBER_BYTES, numberText } from "./byte_writer.ts";
import { escapeHelp, escapeName, isLegacyName } from "../families/escape.ts";
import { type Format, OPENMETRICS_1_0_0, TEXT_1_0_0 } from "./format.ts";
import { labelPairs } from "../families/label_text.ts";
import { toOpenMetrics, type WrittenFamily } from "./openmetrics.ts";
import { isAnyScheme, Template } from "./template.ts";

/** After so many lines, or series, the clock is looked at. */
const LINES = 2048;
const NEW_SERIES = 128;

/** What the value of a line takes, roughly. */
const VALUE_BYTES = 12;

/**
 * Writes families in an exposition format.
 *
 * The event loop gets its turn in between. What stands before the values is
 * remembered for as long as the families' `origin` is in use.
 *
 * @see {@link https://prometheus.io/docs/instrumenting/exposition_formats/}
 * @see {@link https://prometheus.io/docs/specs/om/open_metrics_spec/}
 */
export async function encode(
  families: readonly MetricFamily[],
  format: Format,
): Promise<Uint8Array<ArrayBuffer>> {
  return await paced(write(families, format));
}

function* write(
  families: readonly MetricFamily[],
  format: Format,
): Steps<Uint8Array<ArrayBuffer>> {
  const isOpenMetrics = format.syntax === "openmetrics";
  const written: readonly WrittenFamily[] = isOpenMetrics
    ? yield* toOpenMetrics(families)
    : families;
  const formats = formatsFor(written, format);
  const parts: Part[] = [];
  for (let i = 0; i < written.length; i++) {
    const family = written[i];
    const template = findTemplate(family, formats[i]) ??
      (yield* templateFor(family, formats[i]));
    const header = headerOf(template, family, formats[i]);
    parts.push({ family, format: formats[i], template, header });
    yield;
  }
  const writer = new ByteWriter(capacityFor(parts));
  for (const part of parts) {
    writer.text(part.header);
    yield* writeLines(writer, part);
  }
  if (isOpenMetrics) writer.text("# EOF\n");
  return writer.bytes;
}

/** A family, with what is known of its text. */
interface Part {
  readonly family: WrittenFamily;
  readonly format: Format;
  readonly template: Template;
  readonly header: string;
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

/** Templates by what the families have in common. */
const templates = new WeakMap<object, Template[]>();

/** Finds the template of a family, if it has the series from the last time. */
function findTemplate(
  { name, type, series, origin = series }: WrittenFamily,
  format: Format,
): Template | undefined {
  for (const template of templates.get(origin) ?? []) {
    // Who has them from the last time has the same array of them.
    if (template.followed !== series) continue;
    if (template.writes(name, type, format)) return template;
  }
}

/** Finds or makes the template of a family, with all its series. */
function* templateFor(family: WrittenFamily, format: Format): Steps<Template> {
  if (isAnyScheme(family.name, format)) {
    const common = yield* follow(family, commonFormat(format));
    if (common.isCommon) return common;
  }
  return yield* follow(family, format);
}

/** The format by which the template is known that serves several schemes. */
function commonFormat(format: Format): Format {
  return format.syntax === "text" ? TEXT_1_0_0 : OPENMETRICS_1_0_0;
}

/** Brings the template of a family and a format up to date. */
function* follow(family: WrittenFamily, format: Format): Steps<Template> {
  const { name, type, series, origin = series } = family;
  let known = templates.get(origin);
  if (known === undefined) templates.set(origin, known = []);
  let place = known.findIndex((each) => each.isFor(name, type, format));
  if (place === -1) {
    place = known.push(new Template(name, type, format)) - 1;
  }
  return known[place] = yield* withSeries(known[place], series);
}

/** Adds to a template what it lacks, or makes one that has the series. */
function* withSeries(
  template: Template,
  series: readonly Series[],
): Steps<Template> {
  // Who has them from the last time has the same array of them.
  if (template.followed === series) return template;
  for (let at = 0; at < series.length;) {
    const end = Math.min(at + LINES, series.length);
    at = sharedUpTo(template.series, series, at, end);
    if (at === end) {
      if (at < series.length) yield;
      continue;
    }
    // Others may add to it in a pause, but not change what was added before.
    if (at < template.series.length) {
      template = template.fork();
      at = 0;
    }
    for (let added = 0; added < NEW_SERIES && at < series.length; added++) {
      template.add(series[at++]);
    }
    yield;
  }
  template.end();
  template.followed = series;
  return template;
}

/** Finds, from one place to another, where the series begin to differ. */
function sharedUpTo(
  a: readonly Series[],
  b: readonly Series[],
  at: number,
  end: number,
): number {
  while (at < end && a[at] === b[at]) at++;
  return at;
}

/** Guesses how long the text will be: to have guessed too little costs a copy. */
function capacityFor(parts: readonly Part[]): number {
  let bytes = 0;
  let longest = 0;
  for (const { header, template: { prefixes, ends } } of parts) {
    bytes += header.length + prefixes.length + ends.length * VALUE_BYTES;
    // Before lines are written there must be room for the longest.
    const lines = Math.min(ends.length, LINES) * NUMBER_BYTES;
    longest = Math.max(longest, lines, header.length * 3);
  }
  return bytes + longest;
}

function* writeLines(
  writer: ByteWriter,
  { family: { series, values, exemplars }, format, template }: Part,
): Steps<void> {
  const lines = template.linesOf(series.length);
  const withExemplars = format.syntax === "openmetrics" && exemplars?.size;
  for (let from = 0; from < lines; from += LINES) {
    const to = Math.min(from + LINES, lines);
    if (withExemplars) {
      writeWithExemplars(writer, template, values, exemplars, format, from, to);
    } else writer.lines(template, values, from, to);
    yield;
  }
}

function writeWithExemplars(
  writer: ByteWriter,
  template: Template,
  values: ArrayLike<number>,
  exemplars: ReadonlyMap<number, Exemplar>,
  format: Format,
  from: number,
  to: number,
): void {
  for (let line = from; line < to; line++) {
    const exemplar = exemplars.get(template.indexes[line]);
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

/** Finds or makes what stands before the lines of a family. */
function headerOf(
  template: Template,
  family: WrittenFamily,
  format: Format,
): string {
  const { help, familyName, unit } = family;
  const last = template.header;
  const isSame = last?.help === help && last.familyName === familyName &&
    last.unit === unit;
  if (isSame) return last.text;
  const text = headerText(family, format);
  template.header = { help, familyName, unit, text };
  return text;
}

function headerText(family: WrittenFamily, format: Format): string {
  const { help, type, unit } = family;
  const escaped = escapeName(
    family.familyName ?? family.name,
    format.escaping,
  );
  const name = isLegacyName(escaped) ? escaped : `"${escaped}"`;
  const isOpenMetrics = format.syntax === "openmetrics";
  let text = help === ""
    ? ""
    : `# HELP ${name} ${escapeHelp(help, isOpenMetrics)}\n`;
  text += `# TYPE ${name} ${isOpenMetrics ? type : textType(type)}\n`;
  if (unit !== undefined) text += `# UNIT ${name} ${unit}\n`;
  return text;
}

function textType(type: MetricType): string {
  return type === "unknown" ? "untyped" : type;
}
