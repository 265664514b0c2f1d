import { CollectorError } from "../errors.ts";
import type { Steps } from "../runtime/pace.ts";
import type { Exemplar, MetricFamily, Series } from "../types.ts";
import { duplicateError } from "./failures.ts";
import { sampleNames, valuesPerSeries } from "./family_layout.ts";
import { identityText } from "./label_text.ts";

/** After so many rows the clock is looked at. */
const ROWS = 1024;

/** Families of which no two have a sample name in common. */
export interface MergedFamilies {
  readonly families: readonly MetricFamily[];
  /** What had to be left out. */
  readonly failures: readonly CollectorError[];
}

/**
 * Puts families of one name together, if their types and help texts are equal.
 * Otherwise, and where two families would have samples of one name, the first
 * stays and the other is left out.
 */
export function* mergeFamilies(
  found: readonly MetricFamily[],
): Steps<MergedFamilies> {
  const families = new Map<string, MetricFamily>();
  /** Who has the samples of a name. */
  const owners = new Map<string, MetricFamily>();
  const failures: CollectorError[] = [];
  for (const family of found) {
    const { name } = family;
    const twin = families.get(name);
    if (twin !== undefined && isAlike(twin, family)) {
      const { merged, duplicates } = yield* concat(twin, family);
      families.set(name, merged);
      if (duplicates > 0) failures.push(duplicateError(name, duplicates));
      continue;
    }
    const names = [name, ...sampleNames(family)];
    const owner = names.map((name) => owners.get(name)).find(Boolean);
    if (owner !== undefined) {
      failures.push(conflictError(family, owner));
      continue;
    }
    families.set(name, family);
    for (const name of names) owners.set(name, family);
  }
  return { families: [...families.values()], failures };
}

function conflictError(
  { name, type, help }: MetricFamily,
  other: MetricFamily,
): CollectorError {
  const describeFamily = (type: string, name: string, help: string) =>
    `${type} "${name}" (${JSON.stringify(help)})`;
  return new CollectorError({
    collector: name,
    failure: "conflict",
    message: `Cannot gather metric "${name}": no other may have its samples, ` +
      "or its name with another type or help, received " +
      `${describeFamily(type, name, help)} beside ` +
      describeFamily(other.type, other.name, other.help),
  });
}

function isAlike(a: MetricFamily, b: MetricFamily): boolean {
  return a.type === b.type && a.help === b.help;
}

function* concat(
  first: MetricFamily,
  second: MetricFamily,
): Steps<{ merged: MetricFamily; duplicates: number }> {
  const series: Series[] = [];
  const values: number[] = [];
  const exemplars = new Map<number, Exemplar>();
  const texts = new Set<string>();
  let duplicates = 0;
  for (const family of [first, second]) {
    let at = 0;
    for (const [row, each] of family.series.entries()) {
      if (row % ROWS === ROWS - 1) yield;
      const end = at + valuesPerSeries(family.type, each);
      const text = identityText(each);
      if (texts.has(text)) duplicates++;
      else {
        texts.add(text);
        series.push(each);
        for (let i = at; i < end; i++) {
          const exemplar = family.exemplars?.get(i);
          if (exemplar !== undefined) exemplars.set(values.length, exemplar);
          values.push(family.values[i]);
        }
      }
      at = end;
    }
  }
  return { merged: { ...first, series, values, exemplars }, duplicates };
}
