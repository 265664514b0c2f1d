/** Label sets: from a client's object to the text that the formats write. */

import { quote } from "../base/describe.ts";
import { LABEL_NAME } from "../base/label_limits.ts";
import type { Series } from "../types.ts";
import { escapeName, escapeQuoted, type EscapingScheme } from "./escaping.ts";

/** Labels as a client has them: values of any type. */
export type RawLabels = Readonly<Record<string, unknown>>;

/** The names and values of labels, as texts, without labels that have no value. */
export function labelTexts(labels: RawLabels): [name: string, text: string][] {
  const texts: [string, string][] = [];
  for (const name of Object.keys(labels)) {
    const value = labels[name];
    // Characters that UTF-8 lacks must not tell two label sets apart.
    if (value !== undefined) texts.push([name, String(value).toWellFormed()]);
  }
  return texts;
}

/** Tells whether two objects have the same labels, with the same values. */
export function areSame(a: RawLabels, b: RawLabels): boolean {
  let names = 0;
  for (const name in a) {
    if (!Object.is(a[name], b[name])) return false;
    names++;
  }
  for (const _ in b) names--;
  return names === 0;
}

export function labelsJson(labels: RawLabels): string {
  return JSON.stringify(Object.fromEntries(labelTexts(labels)));
}

/** Writes a label set without its braces, as all text formats do: `a="1",b="2"`. */
export function labelText(series: Series, scheme: EscapingScheme): string {
  const { text } = series;
  return text === undefined || scheme === "dots"
    ? labelPairs(series.labels, scheme)
    : text;
}

/** Writes a label set once for all formats, if they write its names alike. */
export function commonText(labels: Series["labels"]): string | undefined {
  let text = "";
  for (const name of Object.keys(labels)) {
    if (!LABEL_NAME.test(name)) return undefined;
    text += `${text === "" ? "" : ","}${name}="${escapeQuoted(labels[name])}"`;
  }
  return text;
}

const common = new WeakMap<readonly Series[], boolean>();

/** Tells whether all label sets of an array are written once for all formats. */
export function haveCommonText(series: readonly Series[]): boolean {
  let isCommon = common.get(series);
  if (isCommon === undefined) {
    isCommon = series.every(({ text }) => text !== undefined);
    common.set(series, isCommon);
  }
  return isCommon;
}

/**
 * Spells a label set so that no other is spelled alike, unless the scheme writes
 * both alike.
 */
export function identityText(
  series: Series,
  scheme: EscapingScheme = "allow-utf-8",
): string {
  const { text } = series;
  // To Prometheus a label with an empty value is absent.
  if (text !== undefined && scheme !== "dots" && !text.includes('=""')) {
    return text;
  }
  return writtenLabels(series.labels, scheme)
    .filter(([, value]) => value !== "")
    .sort(([a], [b]) => a < b ? -1 : 1).map(pairText).join();
}

/** Writes labels as {@linkcode labelText} does. */
export function labelPairs(
  labels: Series["labels"],
  scheme: EscapingScheme,
): string {
  return writtenLabels(labels, scheme).map(pairText).join();
}

function pairText([name, value]: readonly [string, string]): string {
  return `${name}="${escapeQuoted(value)}"`;
}

/** The labels, by their names as a scheme writes them. */
function writtenLabels(
  labels: Series["labels"],
  scheme: EscapingScheme,
): [name: string, value: string][] {
  // Prometheus refuses the whole scrape for `__name__`.
  const taken = new Set(["__name__", ...Object.keys(labels)]);
  return Object.entries(labels).map(([name, value]) => {
    let escaped = escapeName(name, scheme, LABEL_NAME);
    // Underscores may make two names alike; quotes do not.
    if (scheme !== "allow-utf-8" && escaped !== name && taken.has(escaped)) {
      escaped = escapeName(name, "values", LABEL_NAME);
      while (taken.has(escaped)) escaped += "_";
    }
    taken.add(escaped);
    return [escaped, value];
  });
}

/** A series that is no more than its text: there may be very many. */
class WrittenSeries implements Series {
  readonly text: string;
  readonly bounds: readonly number[] | undefined;

  constructor(text: string, bounds: readonly number[] | undefined) {
    this.text = text;
    this.bounds = bounds;
  }

  get labels(): Series["labels"] {
    const { text } = this;
    const labels: [name: string, value: string][] = [];
    for (let at = 0; at < text.length;) {
      const start = text.indexOf('="', at) + 2;
      let end = start;
      while (text[end] !== '"') end += text[end] === "\\" ? 2 : 1;
      const value = text.slice(start, end).replaceAll(
        /\\(.)/g,
        (_, escaped) => escaped === "n" ? "\n" : escaped,
      );
      labels.push([text.slice(at, start - 2), value]);
      // Behind the quote and a comma.
      at = end + 2;
    }
    return Object.fromEntries(labels);
  }
}

/** Makes a series again that has crossed to another thread, by its text if any. */
export function seriesFrom(crossed: Series): Series {
  const { text, bounds } = crossed;
  return text === undefined ? crossed : new WrittenSeries(text, bounds);
}

/**
 * Makes a series of its own labels, without those that have no value, and of the
 * registry's default labels.
 *
 * @throws {TypeError} If a label has a name that no label may have.
 */
export function makeSeries(
  labels: RawLabels,
  defaults: Series["labels"],
  bounds?: readonly number[],
): Series {
  const all = new Map([...Object.entries(defaults), ...labelTexts(labels)]);
  const names = [...all.keys()].sort();
  requireLabelNames(names);
  const sorted: Series["labels"] = Object.fromEntries(
    names.map((name) => [name, all.get(name)!]),
  );
  const text = commonText(sorted);
  return text === undefined
    ? { labels: sorted, bounds }
    : new WrittenSeries(text, bounds);
}

/**
 * The names that many label sets share, in their order. Names are checked once,
 * not once for each label set.
 */
export class LabelShape {
  readonly #names: readonly string[];
  readonly #defaults: Series["labels"];
  /** The names as they are written, in their order. */
  readonly #inOrder: string[] = [];
  /** The text of a label set: every second piece is a value. */
  readonly #pieces: string[] = [];
  readonly #isPlain: boolean;

  /** @throws {TypeError} If a label has a name that no label may have. */
  constructor(names: readonly string[], defaults: Series["labels"]) {
    this.#names = names;
    this.#defaults = defaults;
    const all = [...new Set([...Object.keys(defaults), ...names])].sort();
    requireLabelNames(all);
    this.#isPlain = all.every((name) => LABEL_NAME.test(name));
    let piece = "";
    for (const name of all) {
      piece += `${piece === "" ? "" : ","}${name}="`;
      if (!names.includes(name)) piece += `${escapeQuoted(defaults[name])}"`;
      else {
        this.#inOrder.push(name);
        this.#pieces.push(piece, "");
        piece = '"';
      }
    }
    this.#pieces.push(piece);
  }

  isOf(labels: RawLabels): boolean {
    const names = this.#names;
    let at = 0;
    for (const name in labels) {
      if (names[at++] !== name) return false;
    }
    return at === names.length;
  }

  /** Makes the series of a label set that has these names. */
  seriesOf(labels: RawLabels, bounds: readonly number[] | undefined): Series {
    if (!this.#isPlain) return makeSeries(labels, this.#defaults, bounds);
    // Joined, since a text that is put together by `+` is kept in its pieces.
    const pieces = this.#pieces;
    let at = 1;
    for (const name of this.#inOrder) {
      const value = labels[name];
      if (value === undefined) {
        return makeSeries(labels, this.#defaults, bounds);
      }
      pieces[at] = escapeQuoted(String(value).toWellFormed());
      at += 2;
    }
    return new WrittenSeries(pieces.join(""), bounds);
  }
}

/** Prometheus refuses the whole scrape for one wrong name. */
function requireLabelNames(names: readonly string[]): void {
  const wrong = names.find((name) => name === "" || name === "__name__");
  if (wrong === undefined) return;
  throw new TypeError(
    "its labels, and the registry's, must have names other than " +
      `"__name__", received ${quote(wrong)}`,
  );
}
