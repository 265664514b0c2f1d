import { quote } from "../base/describe.ts";
import { CollectorError } from "../errors.ts";
import { isDue, rest } from "../runtime/pace.ts";
import type { Exemplar, MetricFamily, Series } from "../types.ts";
import { escapeName, type EscapingScheme, sampleNames } from "./escaping.ts";
import { duplicateError } from "./failures.ts";
import { haveCommonText, identityText } from "./label_set.ts";
import { valuesPerSeries } from "./values.ts";

/**
 * The families of a scrape without their values; no two share a sample name. While
 * the same families come again it stays the same object, by which encoders
 * remember what they have written.
 */
export type Composition = readonly Omit<MetricFamily, "values" | "exemplars">[];

/**
 * Families of which no two have a sample name in common, and no two series the
 * same labels, as an escaping scheme writes them.
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
  readonly #scheme: EscapingScheme;
  /** That of the last scrape, as long as the families of this one are the same. */
  #last: Composition | undefined;
  #isPlain = true;
  /** The index of the family that has the samples of a name. */
  #owners: Map<string, number> | undefined;

  /**
   * @param last The composition of the last scrape with this scheme, which is
   * likely to come again.
   */
  constructor(scheme: EscapingScheme, last?: Composition) {
    this.#scheme = scheme;
    this.#last = last;
  }

  /**
   * Makes the composition, or yields that of the last scrape, once all families
   * are added; `undefined` if some were merged or left out.
   */
  compose(): Composition | undefined {
    if (!this.#isPlain) return undefined;
    const { families } = this;
    if (this.#last?.length === families.length) return this.#last;
    return this.#last = families.map(
      ({ name, help, type, series, origin }) => (
        { name, help, type, series, origin }
      ),
    );
  }

  /**
   * Adds families; the event loop turns where many series are put together.
   *
   * @param isDefault Whether they are the default registries', whose help texts
   * may differ. A sample that comes again is left out, and is no failure.
   * @returns A failure for each family, or part of one, that was left out.
   */
  add(
    found: readonly MetricFamily[],
    isDefault = false,
  ): readonly CollectorError[] | Promise<readonly CollectorError[]> {
    if (this.#last && isNextIn(this.#last, found, this.families.length)) {
      for (const family of found) this.families.push(family);
      return [];
    }
    this.#last = undefined;
    return this.#merge(found, isDefault);
  }

  async #merge(
    found: readonly MetricFamily[],
    isDefault: boolean,
  ): Promise<readonly CollectorError[]> {
    const { families } = this;
    const scheme = this.#scheme;
    if (this.#owners === undefined) {
      this.#owners = new Map();
      // Those that came before were the last scrape's.
      for (const [index, family] of families.entries()) {
        for (const name of namesOf(family, scheme)) {
          this.#owners.set(name, index);
        }
      }
    }
    const owners = this.#owners;
    const failures: CollectorError[] = [];
    for (let family of found) {
      const { name, type } = family;
      if (!writesApart(family, scheme)) {
        const { merged, duplicates } = await concat([family], scheme);
        if (duplicates > 0) {
          this.#isPlain = false;
          failures.push(duplicateError(name, duplicates));
          family = merged;
        }
      }
      const names = namesOf(family, scheme);
      let owner: number | undefined;
      for (const name of names) owner ??= owners.get(name);
      if (owner === undefined) {
        for (const name of names) owners.set(name, families.length);
        families.push(family);
        continue;
      }
      this.#isPlain = false;
      const first = families[owner];
      const isTwin = name === first.name && type === first.type;
      if (isTwin && (isDefault || family.help === first.help)) {
        const { merged, duplicates } = await concat([first, family], scheme);
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

/** Tells whether families are those of a composition from a place on. */
function isNextIn(
  composition: Composition,
  families: readonly MetricFamily[],
  place: number,
): boolean {
  if (place + families.length > composition.length) return false;
  for (let i = 0; i < families.length; i++) {
    const family = families[i];
    const last = composition[place + i];
    const isSame = family.series === last.series &&
      family.name === last.name && family.help === last.help &&
      family.type === last.type && family.origin === last.origin;
    if (!isSame) return false;
  }
  return true;
}

function namesOf(
  family: MetricFamily,
  scheme: EscapingScheme,
): readonly string[] {
  const samples = sampleNames(family, scheme);
  if (samples.length === 1) return samples;
  return [escapeName(family.name, scheme), ...samples];
}

/** Tells whether a scheme makes no two series of a family alike. */
function writesApart({ series }: MetricFamily, scheme: EscapingScheme) {
  return scheme === "allow-utf-8" || haveCommonText(series);
}

function conflictError(
  family: MetricFamily,
  other: MetricFamily,
): CollectorError {
  const describeFamily = ({ type, name, help }: MetricFamily) =>
    `${type} ${quote(name)} (${quote(help)})`;
  return new CollectorError({
    collector: family.name,
    failure: "conflict",
    message:
      `Cannot gather metric ${quote(family.name)}: no other may have its ` +
      "samples, as the scrape's format names them, or its name with another " +
      "type or help, received " +
      `${describeFamily(family)} beside ${describeFamily(other)}`,
  });
}

/** Puts families of one name together, without series that come again. */
async function concat(
  families: readonly MetricFamily[],
  scheme: EscapingScheme,
): Promise<{ merged: MetricFamily; duplicates: number }> {
  const series: Series[] = [];
  const values: number[] = [];
  const exemplars = new Map<number, Exemplar>();
  const timestamps = new Map<number, number>();
  const texts = new Set<string>();
  let duplicates = 0;
  for (const family of families) {
    let at = 0;
    for (const each of family.series) {
      const end = at + valuesPerSeries(family.type, each);
      if (isDue(end - at)) await rest();
      const text = identityText(each, scheme);
      if (texts.has(text)) duplicates++;
      else {
        texts.add(text);
        series.push(each);
        for (let i = at; i < end; i++) {
          const exemplar = family.exemplars?.get(i);
          if (exemplar !== undefined) exemplars.set(values.length, exemplar);
          const time = family.timestamps?.get(i);
          if (time !== undefined) timestamps.set(values.length, time);
          values.push(family.values[i]);
        }
      }
      at = end;
    }
  }
  const [first] = families;
  return {
    merged: { ...first, series, values, exemplars, timestamps },
    duplicates,
  };
}
