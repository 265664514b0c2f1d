import type { RawLabels } from "../../families/label_set.ts";
import { Cell, HISTOGRAM } from "../../memory/cell.ts";
import { appendHistogram, cellsOf, setBucketExemplars } from "../entries.ts";
import type { BucketExemplars, Buckets, StoredHistogram } from "../stored.ts";
import { bucketOf } from "../../families/values.ts";
import { type JsMetric, LiveMap } from "./live_map.ts";

/** A label set, besides its cells. */
type Entry = Pick<StoredHistogram, "labels" | "bucketExemplars">;

/**
 * The label sets of a histogram. The client asks for an entry, adds an observation
 * to its `sum`, then counts it there. It gets a {@linkcode Recorder}, which does
 * all that at once; only `values()` yields entries as the client would keep them.
 */
export class HistogramMap extends LiveMap<Entry, StoredHistogram> {
  readonly #recorder = new Recorder(this.target.buckets);

  /** Histograms have no values of their own. */
  set(): this {
    return this;
  }

  setDelta(): this {
    return this;
  }

  get(): undefined {}

  getOrAdd(): undefined {}

  override observe(entry: Entry, observation: number): void {
    this.shown(entry).sum = observation;
  }

  follow(labels: RawLabels, [, given]: readonly unknown[]): void {
    const entry = this.entries.get(this.keyFrom(labels))!;
    setBucketExemplars(this.table, entry, this.target.buckets, given);
  }

  protected make(stored: StoredHistogram): Entry {
    const { labels, bucketExemplars } = stored;
    const entry = { labels, ...bucketExemplars && { bucketExemplars } };
    appendHistogram(this.table, entry, stored, this.target.buckets);
    return entry;
  }

  protected change(entry: Entry, stored: StoredHistogram): void {
    const { labels, bucketExemplars } = stored;
    Object.assign(entry, { labels }, bucketExemplars && { bucketExemplars });
    this.table.rewrite(entry, cellsOf(stored, this.target.buckets));
  }

  protected shown(entry: Entry): Recorder {
    return this.#recorder.of(entry);
  }

  protected stored(entry: Entry): StoredHistogram {
    const { labels, bucketExemplars } = entry;
    const { bounds, keys } = this.target.buckets;
    const cells = Cell.cells(entry);
    const at = Cell.at(entry);
    const count = cells[at + HISTOGRAM.count];
    const bucketValues = { ...(this.target.metric as JsMetric).bucketValues };
    let above = count;
    for (let i = 0; i < bounds.length; i++) {
      const observations = cells[at + HISTOGRAM.buckets + i];
      bucketValues[keys[i]] = observations;
      above -= observations;
    }
    if (Object.hasOwn(bucketValues, Infinity)) bucketValues[Infinity] = above;
    return {
      labels,
      bucketValues,
      sum: cells[at + HISTOGRAM.sum],
      count,
      ...bucketExemplars && { bucketExemplars },
    };
  }
}

/** No buckets: the client finds none to count in. */
const NO_BUCKETS: StoredHistogram["bucketValues"] = Object.freeze({});

/**
 * Stands for an entry while the client observes: it reads the sum, which is 0
 * here, and adds the observation. So it writes the observation.
 */
class Recorder {
  readonly bucketValues: StoredHistogram["bucketValues"] = NO_BUCKETS;
  /** The client counts here as well; it is not read. */
  count = 0;
  readonly #buckets: Buckets;
  #entry: Entry = { labels: {} };

  constructor(buckets: Buckets) {
    this.#buckets = buckets;
  }

  of(entry: Entry): this {
    this.#entry = entry;
    return this;
  }

  get labels(): RawLabels {
    return this.#entry.labels;
  }

  get bucketExemplars(): BucketExemplars | undefined {
    return this.#entry.bucketExemplars;
  }

  get sum(): number {
    return 0;
  }

  set sum(observation: number) {
    const { upperBounds, places } = this.#buckets;
    const { cell } = places[bucketOf(upperBounds, observation)];
    Cell.observe(this.#entry, cell, observation);
  }
}
