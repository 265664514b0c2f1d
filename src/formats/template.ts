import {
  escapeHelp,
  escapeName,
  type EscapingScheme,
  LEGACY_NAME,
  sampleNames,
} from "../families/escaping.ts";
import { haveCommonText, labelText } from "../families/label_set.ts";
import { isDue, rest } from "../runtime/pace.ts";
import type { Series } from "../types.ts";
import { LinePrefixes } from "./byte_writer.ts";
import type { Format } from "./format.ts";
import type { WrittenFamily } from "./syntax.ts";

type Head = Omit<WrittenFamily, "series" | "values" | "exemplars" | "origin">;

/** The ends of the prefixes of lines with labels and without. */
const CLOSED = ["} "];
const NOTHING = [""];

/** The beginning of a line, without labels and up to the first of them. */
interface Opening {
  readonly bare: string;
  readonly labelled: string;
}

/**
 * The text of a family without its values: written once, copied with every scrape.
 * Series are only ever added, since an encoder may pause at any of them.
 */
export class Template {
  readonly lines: LinePrefixes;
  /** The series that have lines come first among these. */
  series: readonly Series[] = [];
  /** How many of them have lines. */
  size = 0;
  readonly #head: Head;
  readonly #format: Format;
  /** Whether all schemes but `dots` write the names alike, labels included. */
  #isLegacy: boolean;
  /** For each series the lines up to its end, unless each has one. */
  readonly #linesUpTo: number[] | undefined;
  readonly #openings: readonly Opening[];
  /** The labels of the bounds that were written last. */
  #bounds:
    | { of: readonly number[]; isLabelled: boolean; ends: readonly string[] }
    | undefined;
  /** The template whose lines may be copied, and where its next series is. */
  #donor: Template | undefined;
  #donorAt = 0;

  constructor({ name, help, type, unit, familyName }: Head, format: Format) {
    this.#head = { name, help, type, unit, familyName };
    this.#format = format;
    this.#isLegacy = LEGACY_NAME.test(name);
    const { escaping, syntax } = format;
    const samples = sampleNames({ name, type }, escaping);
    const family = escapeName(familyName ?? name, escaping);
    let header = `# TYPE ${family} ${syntax.words?.[type] ?? type}\n`;
    if (help !== "") {
      const text = escapeHelp(help, syntax.escapesHelpQuotes);
      header = `# HELP ${family} ${text}\n${header}`;
    }
    if (unit !== undefined) header += `# UNIT ${family} ${unit}\n`;
    // Names in quotes stand in the braces.
    this.#openings = samples.map((name) =>
      name.startsWith('"')
        ? { bare: `{${name}} `, labelled: `{${name},` }
        : { bare: `${name} `, labelled: `${name}{` }
    );
    if (this.#openings.length > 1) this.#linesUpTo = [];
    this.lines = new LinePrefixes(header);
  }

  /** Tells whether it was made for families of a name and type in a format. */
  isFor({ name, type }: WrittenFamily, { syntax, escaping }: Format): boolean {
    return name === this.#head.name && type === this.#head.type &&
      syntax === this.#format.syntax && escaping === this.#format.escaping;
  }

  /** Tells whether it has all series of a family, in a scheme that writes alike. */
  writes(family: WrittenFamily, { syntax, escaping }: Format): boolean {
    const own = this.#format.escaping;
    return this.series === family.series && this.size === this.series.length &&
      family.name === this.#head.name && family.type === this.#head.type &&
      syntax === this.#format.syntax && this.hasHeaderOf(family) &&
      (escaping === own ||
        this.#isLegacy && own !== "dots" && escaping !== "dots");
  }

  hasHeaderOf({ help, familyName, unit }: WrittenFamily): boolean {
    const own = this.#head;
    return help === own.help && familyName === own.familyName &&
      unit === own.unit;
  }

  linesOf(series: number): number {
    if (this.#linesUpTo === undefined || series === 0) return series;
    return this.#linesUpTo[series - 1];
  }

  /** Makes a template without lines, which copies from this one what it can. */
  fork(): Template {
    const fork = new Template(this.#head, this.#format);
    fork.#donor = this;
    return fork;
  }

  add(series: Series): void {
    const { lines } = this;
    const first = this.#valuesOf(this.size);
    const donor = this.#donor;
    const at = donor?.series.indexOf(series, this.#donorAt) ?? -1;
    if (donor !== undefined && at !== -1 && at < donor.size) {
      const from = donor.linesOf(at);
      const to = donor.linesOf(at + 1);
      lines.addFrom(donor.lines, from, to, first - donor.#valuesOf(at));
      this.#donorAt = at + 1;
    } else {
      // New series come after all that were there before.
      this.#donor = undefined;
      this.#write(series, first);
    }
    this.size++;
    this.#linesUpTo?.push(lines.count);
    this.#isLegacy &&= series.text !== undefined;
  }

  /** Says that all series of an array have their lines. */
  end(series: readonly Series[]): void {
    // Another encoder may have added more.
    if (this.size === series.length) this.series = series;
    this.#donor = undefined;
    this.lines.trim();
  }

  #valuesOf(series: number): number {
    // A histogram writes its count twice.
    const twice = this.#head.type === "histogram" ? series : 0;
    return this.linesOf(series) - twice;
  }

  /** Writes the lines of a series, whose first value has an index. */
  #write(series: Series, first: number): void {
    const { type } = this.#head;
    const { lines } = this;
    const { bounds = [] } = series;
    const labels = labelText(series, this.#format.escaping);
    const [opening, sum, count] = this.#openings;
    if (sum === undefined) return this.#addLine(opening, labels, first);
    const ends = this.#boundLabels(bounds, labels !== "");
    lines.add(opening.labelled, labels, ends, first, type === "histogram");
    const last = first + bounds.length;
    this.#addLine(sum, labels, last + 1);
    this.#addLine(count, labels, last);
  }

  #addLine({ bare, labelled }: Opening, labels: string, index: number): void {
    const isCounter = this.#head.type === "counter";
    if (labels === "") this.lines.add(bare, "", NOTHING, index, isCounter);
    else this.lines.add(labelled, labels, CLOSED, index, isCounter);
  }

  /** Writes the labels of bounds, of a histogram with the infinite one. */
  #boundLabels(
    bounds: readonly number[],
    isLabelled: boolean,
  ): readonly string[] {
    const last = this.#bounds;
    if (last?.of === bounds && last.isLabelled === isLabelled) return last.ends;
    const isHistogram = this.#head.type === "histogram";
    const name = `${isLabelled ? "," : ""}${isHistogram ? "le" : "quantile"}`;
    const texts = this.#format.syntax.boundTexts(bounds);
    if (isHistogram) texts.push("+Inf");
    const ends = texts.map((text) => `${name}="${text}"} `);
    this.#bounds = { of: bounds, isLabelled, ends };
    return ends;
  }
}

/** The scheme that stands for all schemes that write alike. */
const COMMON: EscapingScheme = "underscores";

/** Templates by the origin of families. */
const known = new WeakMap<object, Template[]>();

/** Finds the template of a family, if it has the series from the last time. */
export function findTemplate(
  family: WrittenFamily,
  format: Format,
): Template | undefined {
  const templates = known.get(family.origin ?? family.series);
  if (templates === undefined) return undefined;
  for (const each of templates) if (each.writes(family, format)) return each;
}

/** Adds the series that a template lacks, or makes one that has them. */
export async function templateOf(
  family: WrittenFamily,
  format: Format,
): Promise<Template> {
  const { name, series, origin = series } = family;
  // One template serves all schemes that write the same.
  const isCommon = format.escaping !== "dots" && LEGACY_NAME.test(name) &&
    haveCommonText(series);
  const own = isCommon ? { ...format, escaping: COMMON } : format;
  let templates = known.get(origin);
  if (templates === undefined) known.set(origin, templates = []);
  let place = 0;
  while (templates[place]?.isFor(family, own) === false) place++;
  let template = templates[place];
  if (!template?.hasHeaderOf(family)) {
    // Its place is taken before a pause.
    templates[place] = template = new Template(family, own);
  }
  // Fewer series need less memory.
  if (series.length < template.size) template = template.fork();
  for (let at = 0; at < series.length; at++) {
    const { count } = template.lines;
    // Others may add to it in a pause, but not change what was added before.
    if (at < template.size && template.series[at] !== series[at]) {
      template = template.fork();
      at = 0;
    }
    if (at >= template.size) {
      template.series = series;
      template.add(series[at]);
    }
    if (isDue(1 + Math.max(0, template.lines.count - count))) await rest();
  }
  template.end(series);
  return templates[place] = template;
}
