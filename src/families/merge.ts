import { CollectorError } from "../errors.ts";
import { rest } from "../runtime/pace.ts";
import type { Exemplar, MetricFamily, Series } from "../types.ts";
import { duplicateError } from "./failures.ts";
import { hasSum, sampleNames, valuesPerSeries } from "./series.ts";
import { identityText } from "./text.ts";

/** After so many rows the clock is looked at. */
const ROWS = 1024;

/**
 * Families of which no two have a sample name in common.
 *
 * Families of one name are put together if their types and help texts are equal.
 * Otherwise, and where two families would have samples of one name, the first
 * stays and the other is left out.
 */
export class MergedFamilies {
  /** The families, in the order in which their names came. */
  readonly families: MetricFamily[] = [];
  /** The names of which a sample came again, in the default registries. */
  readonly repeated: Set<string> = new Set();
  /** The index of the family that has the samples of a name. */
  readonly #owners = new Map<string, number>();

  /**
   * Adds families; the event loop turns where many series are put together.
   *
   * @param isDefault Whether they are the default registries': a sample that
   * several of these have is the first one's, and is no failure. Their help texts
   * may differ.
   * @returns A failure for each family, or part of one, that was left out.
   */
  async add(
    found: readonly MetricFamily[],
    isDefault = false,
  ): Promise<readonly CollectorError[]> {
    const { families } = this;
    const failures: CollectorError[] = [];
    for (const family of found) {
      const { name, type } = family;
      const others = hasSum(type) ? sampleNames(family) : [];
      let owner = this.#owners.get(name);
      for (const sample of others) owner ??= this.#owners.get(sample);
      if (owner === undefined) {
        const index = families.push(family) - 1;
        this.#owners.set(name, index);
        for (const sample of others) this.#owners.set(sample, index);
        continue;
      }
      const first = families[owner];
      const isTwin = name === first.name && type === first.type;
      if (isTwin && (isDefault || family.help === first.help)) {
        const { merged, duplicates } = await concat(first, family);
        families[owner] = merged;
        if (duplicates === 0) continue;
        if (!isDefault) failures.push(duplicateError(name, duplicates));
      } else if (!isDefault || name !== first.name) {
        failures.push(conflictError(family, first));
      }
      if (isDefault && name === first.name) this.repeated.add(name);
    }
    return failures;
  }
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

async function concat(
  first: MetricFamily,
  second: MetricFamily,
): Promise<{ merged: MetricFamily; duplicates: number }> {
  const series: Series[] = [];
  const values: number[] = [];
  const exemplars = new Map<number, Exemplar>();
  const texts = new Set<string>();
  let duplicates = 0;
  for (const family of [first, second]) {
    let at = 0;
    for (const [row, each] of family.series.entries()) {
      if (row % ROWS === ROWS - 1) await rest();
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
