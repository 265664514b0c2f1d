import type { RawLabels } from "../../families/label_set.ts";
import type { CollectedMetric, Registry } from "../../types.ts";
import { isReplaceable, override, type Restore } from "../override.ts";
import { yieldsPlain } from "../storage.ts";
import {
  defaultLabelsOf,
  type StoredMetric,
  type StoredValue,
} from "../stored.ts";

type PromMetric = StoredMetric & { readonly registers: readonly Registry[] };

/**
 * Has the `get()` of a counter or a gauge yield plain data, which may be copied and
 * shown: the entries that the client lists have accessors.
 */
export class PlainValues {
  readonly #metric: PromMetric;
  /** The copies that the client was given, if it may change their labels. */
  readonly #given = new Map<StoredValue, {
    readonly plain: StoredValue;
    readonly labels: RawLabels;
  }>();

  constructor(metric: StoredMetric) {
    this.#metric = metric as PromMetric;
  }

  /** Replaces the method, if the metric permits it. */
  begin(): Restore {
    const metric = this.#metric;
    if (!isReplaceable(metric, "get")) return () => true;
    const get = (): CollectedMetric | Promise<CollectedMetric> => {
      // The class may be patched later.
      const { get }: Required<StoredMetric> = Object.getPrototypeOf(metric);
      const got = get.call(metric);
      return got instanceof Promise
        ? got.then((got) => this.#copy(got))
        : this.#copy(got);
    };
    yieldsPlain.add(get);
    return override(metric, "get", { writable: true, value: get });
  }

  #copy(got: CollectedMetric): CollectedMetric {
    this.settle();
    const hasDefaults = this.#metric.registers.some((registry) =>
      Object.keys(defaultLabelsOf(registry)).length > 0
    );
    const values = (got.values as StoredValue[]).map((entry) => {
      const plain = { ...entry };
      if (hasDefaults) this.#given.set(entry, { plain, labels: entry.labels });
      return plain;
    });
    return { ...got, values };
  }

  /** Stores the default labels that the client has written into what it got. */
  settle(): void {
    for (const [entry, { plain, labels }] of this.#given) {
      if (entry.labels === labels) entry.labels = plain.labels;
    }
    this.#given.clear();
  }

  /** Forgets an entry that the client has put another one in the place of. */
  forget(entry: StoredValue): void {
    if (this.#given.size > 0) this.#given.delete(entry);
  }
}
