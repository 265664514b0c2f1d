import type { RawLabels } from "../../../clients/labels.ts";

/** What the client keeps its label sets in, as far as its metrics use that. */
export interface LabelMap {
  readonly size: number;
  set(labels: RawLabels, value?: number): this;
  setDelta(labels: RawLabels, value?: number): this;
  get(labels: RawLabels): unknown;
  getOrAdd(labels: RawLabels, init: () => unknown): unknown;
  entry(labels: RawLabels): object | undefined;
  merge(labels: RawLabels, values: object): object;
  clear(): void;
  remove(labels: RawLabels): void;
  validate(labels?: RawLabels): boolean;
  values(): Iterable<{ labels: RawLabels }>;
  keyFrom(labels?: RawLabels): string;
}

/** The class of such a map, which the client does not export. */
export type LabelMapClass = new (labelNames: readonly string[]) => LabelMap;

/** All that such a map can do. */
const MEMBERS: readonly string[] = [
  "size",
  "set",
  "setDelta",
  "get",
  "getOrAdd",
  "entry",
  "merge",
  "clear",
  "remove",
  "validate",
  "values",
  "keyFrom",
] satisfies (keyof LabelMap)[];

/** Tells whether an object is such a map, which can do no more and no less. */
export function isLabelMap(storage: object): boolean {
  const members = Object.getOwnPropertyNames(Object.getPrototypeOf(storage));
  return Object.getOwnPropertyNames(storage).length === 0 &&
    members.length === MEMBERS.length + 1 &&
    MEMBERS.every((name) => members.includes(name));
}
