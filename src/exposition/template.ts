import type { MetricType, Series } from "../types.ts";
import { ByteWriter, numberText } from "./byte_writer.ts";
import { escapeName, isLegacyName } from "../families/escape.ts";
import { hasSum, valuesPerSeries } from "../families/family_layout.ts";
import type { Format } from "./format.ts";
import { labelText } from "../families/label_text.ts";

/** What stands before the lines of a family. */
export interface Header {
  /** What it was made of, besides the name and the type. */
  readonly help: string;
  readonly familyName: string | undefined;
  readonly unit: string | undefined;
  readonly text: string;
}

/**
 * What stands before the values in the lines of a family: written once, copied
 * with every scrape.
 *
 * Series are only ever added, so that an encoder that pauses finds what it has
 * seen. Where others come in their place, {@linkcode Template.fork} it.
 */
export class Template {
  /** The prefixes, one after the other. */
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
  /** The array of series that there were lines for last. */
  followed: readonly Series[] | undefined;
  /** What stood before the lines last. */
  header: Header | undefined;
  /** Whether every scheme but `dots` would write the labels the same. */
  isCommon = true;
  readonly #name: string;
  readonly #type: MetricType;
  readonly #format: Format;
  /** For each series the lines, and the values, up to its end. */
  readonly #linesUpTo: number[] = [];
  readonly #valuesUpTo: number[] = [];
  /** Whose lines may be copied, and the series after the last one that were. */
  #donor: Template | undefined;
  #donorAt = 0;

  /** Makes a template without lines. */
  constructor(name: string, type: MetricType, format: Format) {
    this.#name = name;
    this.#type = type;
    this.#format = format;
  }

  /** Tells whether it writes families of a name and type in a format. */
  isFor(name: string, type: MetricType, format: Format): boolean {
    return name === this.#name && type === this.#type &&
      format.syntax === this.#format.syntax &&
      format.escaping === this.#format.escaping;
  }

  /**
   * Tells whether it writes what families of a name and type are in a format,
   * also by another scheme than its own.
   */
  writes(name: string, type: MetricType, format: Format): boolean {
    if (this.isFor(name, type, format)) return true;
    const { escaping } = this.#format;
    return this.isCommon && isAnyScheme(name, format) &&
      isAnyScheme(name, this.#format) &&
      this.isFor(name, type, { ...format, escaping });
  }

  /** How many lines the first series take. */
  linesOf(series: number): number {
    return this.#linesUpTo[series - 1] ?? 0;
  }

  /** Makes a template without lines, which copies from this one what it can. */
  fork(): Template {
    const fork = new Template(this.#name, this.#type, this.#format);
    fork.#donor = this;
    return fork;
  }

  /** Adds the lines of one more series. */
  add(series: Series): void {
    const at = this.#donor?.series.indexOf(series, this.#donorAt) ?? -1;
    if (at === -1) {
      // New series come after all that were there before.
      this.#donor = undefined;
      this.#write(series, this.#valuesUpTo.at(-1) ?? 0);
    } else {
      this.#copy(this.#donor!, at);
      this.#donorAt = at + 1;
    }
    this.#valuesUpTo.push(
      (this.#valuesUpTo.at(-1) ?? 0) + valuesPerSeries(this.#type, series),
    );
    this.#linesUpTo.push(this.ends.length);
    this.series.push(series);
    this.isCommon &&= series.text !== undefined;
  }

  /** Lets go of what was copied from. */
  end(): void {
    this.#donor = undefined;
  }

  #copy(donor: Template, at: number): void {
    const [start, end] = [donor.linesOf(at), donor.linesOf(at + 1)];
    const from = donor.ends[start - 1] ?? 0;
    const moved = this.prefixes.length - from;
    const values = (this.#valuesUpTo.at(-1) ?? 0) -
      (donor.#valuesUpTo[at - 1] ?? 0);
    this.prefixes.copy(donor.prefixes, from, donor.ends[end - 1]);
    for (let line = start; line < end; line++) {
      const index = donor.indexes[line];
      this.ends.push(donor.ends[line] + moved);
      this.indexes.push(index < 0 ? index - values : index + values);
    }
  }

  #write(series: Series, first: number): void {
    const { bounds = [] } = series;
    const labels = labelText(series, this.#format.escaping);
    const count = first + bounds.length;
    switch (this.#type) {
      case "histogram":
        for (let i = 0; i < bounds.length; i++) {
          this.#line("_bucket", labels, first + i, "le", bounds[i]);
        }
        this.#line("_bucket", labels, count, "le", Infinity);
        break;
      case "summary":
        for (let i = 0; i < bounds.length; i++) {
          this.#line("", labels, ~(first + i), "quantile", bounds[i]);
        }
        break;
      case "counter":
        this.#line("", labels, first);
        break;
      default:
        this.#line("", labels, ~first);
    }
    if (hasSum(this.#type)) {
      this.#line("_sum", labels, ~(count + 1));
      this.#line("_count", labels, ~count);
    }
  }

  #line(
    suffix: string,
    labels: string,
    index: number,
    boundName = "",
    bound = NaN,
  ): void {
    if (boundName !== "") {
      const text = this.#format.syntax === "openmetrics"
        ? canonicalText(bound)
        : numberText(bound);
      labels += `${labels === "" ? "" : ","}${boundName}="${text}"`;
    }
    const name = this.#name + suffix;
    this.prefixes.text(sampleText(name, labels, this.#format));
    this.ends.push(this.prefixes.length);
    this.indexes.push(index);
  }
}

/** Tells whether every scheme but `dots` would write a metric's name the same. */
export function isAnyScheme(name: string, { escaping }: Format): boolean {
  return escaping !== "dots" && isLegacyName(name);
}

function sampleText(name: string, labels: string, format: Format): string {
  const escaped = escapeName(name, format.escaping);
  // Other names stand in the braces, in quotes.
  if (!isLegacyName(escaped)) {
    return `{"${escaped}"${labels === "" ? "" : ","}${labels}} `;
  }
  return labels === "" ? `${escaped} ` : `${escaped}{${labels}} `;
}

/**
 * Spells a bound as OpenMetrics asks for it: always with a point or an exponent,
 * and with an exponent from a million on.
 *
 * @see {@link https://prometheus.io/docs/specs/om/open_metrics_spec/#considerations-canonical-numbers}
 */
function canonicalText(value: number): string {
  if (!Number.isFinite(value)) return numberText(value);
  const [digits, exponent] = value.toExponential().split("e");
  if (value !== 0 && (Number(exponent) < -4 || Number(exponent) > 5)) {
    const sign = exponent[0];
    return `${digits}e${sign}${exponent.slice(1).padStart(2, "0")}`;
  }
  const text = String(value);
  return text.includes(".") ? text : `${text}.0`;
}
