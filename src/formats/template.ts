import {
  escapeHelp,
  escapeName,
  isLegacyName,
  labelText,
} from "../families/text.ts";
import type { Series } from "../types.ts";
import { ByteWriter } from "./byte_writer.ts";
import type { Format } from "./format.ts";
import type { WrittenFamily } from "./syntax.ts";

/**
 * The text of a family but for its values: written once, copied with every
 * scrape.
 *
 * Series are only ever added, so that an encoder that pauses finds what it has
 * seen. Where others come in their place, {@linkcode Template.fork} it.
 */
export class Template {
  /** The prefixes of the lines, one after the other; the first has the header. */
  readonly prefixes: ByteWriter = new ByteWriter(1024);
  /** Where each line's prefix ends. */
  readonly ends: number[] = [];
  /**
   * Of each line the index of its value in the family's; `~index` where the
   * line takes no exemplar.
   */
  readonly indexes: number[] = [];
  /** The series that there are lines for. */
  readonly series: Series[] = [];
  /** The array of series that was followed last. */
  followed: readonly Series[] | undefined;
  /** The length of the header, in bytes. */
  readonly headerBytes: number;
  /** Whether all schemes but `dots` write the name of the metric alike. */
  readonly isLegacyName: boolean;
  readonly #family: WrittenFamily;
  readonly #format: Format;
  /** Whether all schemes but `dots` write the labels alike. */
  #hasLegacyLabels = true;
  /** For each series the lines, and the values, up to its end. */
  readonly #linesUpTo: number[] = [];
  readonly #valuesUpTo: number[] = [];
  /** The names of samples up to their labels, by their suffix. */
  readonly #names = new Map<string, string>();
  /** The labels of the bounds that were written last. */
  #bounds: { of: readonly number[]; labels: readonly string[] } | undefined;
  /** The template whose lines may be copied, and the last series that was. */
  #donor: Template | undefined;
  #donorAt = 0;

  /**
   * Makes a template without lines.
   *
   * @param isLegacyName Whether every format can write the name as it is.
   */
  constructor(family: WrittenFamily, format: Format, isLegacyName: boolean) {
    this.#family = family;
    this.#format = format;
    this.isLegacyName = isLegacyName;
    const ends: number[] = [];
    this.prefixes.texts([this.#headerText()], ends);
    this.headerBytes = ends[0];
  }

  /** Tells whether it was made for families of a name and type in a format. */
  isFor({ name, type }: WrittenFamily, { syntax, escaping }: Format): boolean {
    return name === this.#family.name && type === this.#family.type &&
      syntax === this.#format.syntax && escaping === this.#format.escaping;
  }

  /**
   * Tells whether it writes all of a family but its values: also by another
   * scheme than its own, where both write the same.
   */
  writes(family: WrittenFamily, { syntax, escaping }: Format): boolean {
    const own = this.#format.escaping;
    return this.followed === family.series &&
      family.name === this.#family.name && family.type === this.#family.type &&
      syntax === this.#format.syntax && this.hasHeaderOf(family) &&
      (escaping === own || this.isCommon && escaping !== "dots");
  }

  /** Whether all schemes but `dots` write what stands here. */
  get isCommon(): boolean {
    return this.#hasLegacyLabels && this.isLegacyName &&
      this.#format.escaping !== "dots";
  }

  /** Tells whether the header is that of a family of the same name and type. */
  hasHeaderOf({ help, familyName, unit }: WrittenFamily): boolean {
    const own = this.#family;
    return help === own.help && familyName === own.familyName &&
      unit === own.unit;
  }

  /** How many lines the first series take. */
  linesOf(series: number): number {
    return this.#linesUpTo[series - 1] ?? 0;
  }

  /** Makes a template without lines, which copies from this one what it can. */
  fork(): Template {
    const fork = new Template(
      this.#family,
      this.#format,
      this.isLegacyName,
    );
    fork.#donor = this;
    return fork;
  }

  /** Adds the lines of one more series. */
  add(series: Series): void {
    const at = this.#donor?.series.indexOf(series, this.#donorAt) ?? -1;
    const firstValue = this.#valuesUpTo.at(-1) ?? 0;
    if (at === -1) {
      // New series come after all that were there before.
      this.#donor = undefined;
      this.#valuesUpTo.push(this.#write(series, firstValue));
    } else {
      this.#valuesUpTo.push(this.#copy(this.#donor!, at, firstValue));
      this.#donorAt = at + 1;
    }
    this.#linesUpTo.push(this.ends.length);
    this.series.push(series);
    this.#hasLegacyLabels &&= series.text !== undefined;
  }

  /** Says that there are lines for an array of series, which it knows now. */
  end(series: readonly Series[]): void {
    this.#donor = undefined;
    this.followed = series;
  }

  /** Copies the lines of a series; yields the index after its last value. */
  #copy(donor: Template, at: number, firstValue: number): number {
    const start = donor.#linesUpTo[at - 1] ?? 0;
    const end = donor.#linesUpTo[at];
    const from = donor.ends[start - 1] ?? donor.headerBytes;
    const moved = this.prefixes.length - from;
    const values = firstValue - (donor.#valuesUpTo[at - 1] ?? 0);
    this.prefixes.copy(donor.prefixes, from, donor.ends[end - 1]);
    for (let line = start; line < end; line++) {
      const index = donor.indexes[line];
      this.ends.push(donor.ends[line] + moved);
      this.indexes.push(index < 0 ? index - values : index + values);
    }
    return donor.#valuesUpTo[at] + values;
  }

  /** Writes the lines of a series; yields the index after its last value. */
  #write(series: Series, first: number): number {
    const { type } = this.#family;
    const labels = labelText(series, this.#format.escaping);
    if (type !== "histogram" && type !== "summary") {
      this.indexes.push(type === "counter" ? first : ~first);
      this.prefixes.texts([this.#sampleText("", labels)], this.ends);
      return first + 1;
    }
    const { bounds = [] } = series;
    const separator = labels === "" ? "" : ",";
    const count = first + bounds.length;
    const suffix = type === "histogram" ? "_bucket" : "";
    const texts: string[] = [];
    for (const [i, bound] of this.#boundLabels(bounds).entries()) {
      texts.push(this.#sampleText(suffix, labels + separator + bound));
      this.indexes.push(type === "histogram" ? first + i : ~(first + i));
    }
    texts.push(this.#sampleText("_sum", labels));
    texts.push(this.#sampleText("_count", labels));
    this.indexes.push(~(count + 1), ~count);
    this.prefixes.texts(texts, this.ends);
    return count + 2;
  }

  /** Writes the labels of bounds, of a histogram with the infinite one. */
  #boundLabels(bounds: readonly number[]): readonly string[] {
    if (this.#bounds?.of !== bounds) {
      const isHistogram = this.#family.type === "histogram";
      const name = isHistogram ? "le" : "quantile";
      const labels: string[] = [];
      for (const text of this.#format.syntax.boundTexts(bounds)) {
        labels.push(`${name}="${text}"`);
      }
      if (isHistogram) labels.push('le="+Inf"');
      this.#bounds = { of: bounds, labels };
    }
    return this.#bounds.labels;
  }

  #sampleText(suffix: string, labels: string): string {
    let name = this.#names.get(suffix);
    if (name === undefined) {
      this.#names.set(
        suffix,
        name = this.#nameText(this.#family.name + suffix),
      );
    }
    // Other names stand in the braces, in quotes.
    if (name.startsWith('"')) {
      return `{${name}${labels === "" ? "" : ","}${labels}} `;
    }
    return labels === "" ? `${name} ` : `${name}{${labels}} `;
  }

  /** Writes a name of the metric, in quotes if it needs them. */
  #nameText(name: string): string {
    const { escaping } = this.#format;
    if (this.isLegacyName && escaping !== "dots") return name;
    const escaped = escapeName(name, escaping);
    return isLegacyName(escaped) ? escaped : `"${escaped}"`;
  }

  #headerText(): string {
    const { help, type, unit, familyName = this.#family.name } = this.#family;
    const { escapesHelpQuotes, unknown } = this.#format.syntax;
    const name = this.#nameText(familyName);
    let text = help === ""
      ? ""
      : `# HELP ${name} ${escapeHelp(help, escapesHelpQuotes)}\n`;
    text += `# TYPE ${name} ${type === "unknown" ? unknown : type}\n`;
    if (unit !== undefined) text += `# UNIT ${name} ${unit}\n`;
    return text;
  }
}

/** So many series are compared in one go. */
const SERIES = 2048;

/** So many series are written in one go. */
export const NEW_SERIES = 128;

/** How far a template follows an array of series. */
export interface Follower {
  /** The template, or one that has taken its place. */
  template: Template;
  /** How many series it has. */
  at: number;
}

/**
 * Adds to a template the series that it lacks, or makes one that has them: as
 * many as can be in one go.
 */
export function follow(follower: Follower, series: readonly Series[]): void {
  const end = Math.min(follower.at + SERIES, series.length);
  const known = follower.template.series;
  let { at } = follower;
  while (at < end && known[at] === series[at]) at++;
  if (at < end) {
    // Others may add to it in a pause, but not change what was added before.
    if (at < known.length) {
      follower.template = follower.template.fork();
      at = 0;
    }
    const added = Math.min(at + NEW_SERIES, series.length);
    while (at < added) follower.template.add(series[at++]);
  }
  follower.at = at;
}
