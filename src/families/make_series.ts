import type { MetricType, Series } from "../types.ts";
import { commonText } from "./label_text.ts";

/**
 * Makes a series.
 *
 * @param own The names and the texts of its own labels.
 * @param defaults What the registry gives to series that lack it.
 * @throws {TypeError} If a label has a name that no label may have.
 */
export function makeSeries(
  own: Iterable<readonly [name: string, text: string]>,
  defaults: Readonly<Record<string, string>>,
  bounds?: readonly number[],
): Series {
  const all: Record<string, string> = { ...defaults };
  for (const [name, text] of own) define(all, name, text);
  requireNames(all);
  const labels = sorted(all);
  return { labels, bounds, text: commonText(labels) };
}

/**
 * The default labels of a metric's series: bounds and quantiles have the names
 * of theirs to themselves.
 */
export function defaultsFor(
  type: MetricType,
  defaults: Readonly<Record<string, string>>,
): Record<string, string> {
  const labels = { ...defaults };
  if (type === "histogram") delete labels.le;
  if (type === "summary") delete labels.quantile;
  return labels;
}

/** Prometheus refuses everything that it scrapes for one such label. */
function requireNames(labels: Readonly<Record<string, string>>): void {
  for (const name of ["", "__name__"]) {
    if (!Object.hasOwn(labels, name)) continue;
    throw new TypeError(
      "its labels, and the registry's, must have names other than " +
        `"__name__", received ${JSON.stringify(name)}`,
    );
  }
}

/** Labels in the order of their names, in which they are written. */
function sorted(labels: Readonly<Record<string, string>>) {
  const names = Object.keys(labels);
  if (names.every((name, i) => i === 0 || names[i - 1] < name)) return labels;
  const inOrder: Record<string, string> = {};
  for (const name of names.sort()) define(inOrder, name, labels[name]);
  return inOrder;
}

/** Sets a label; one may be named `__proto__`. */
function define(
  labels: Record<string, string>,
  name: string,
  value: string,
): void {
  if (name !== "__proto__") labels[name] = value;
  else Object.defineProperty(labels, name, { value, enumerable: true });
}
