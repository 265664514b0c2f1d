import type { RawLabels } from "../../families/raw_labels.ts";
import { Cell, HISTOGRAM } from "../../memory/cell.ts";
import {
  type Buckets,
  cellsOf,
  placeOf,
  setBucketExemplars,
} from "../buckets.ts";
import { UNLABELLED } from "../interception.ts";
import type {
  BucketExemplars,
  StoredHistogram,
  StoredMetric,
} from "../stored.ts";
import { LiveMap, type LiveMapOptions } from "./live_map.ts";

/** A histogram of this client. */
export interface MappedHistogram extends StoredMetric {
  /** The first counts of a label set; absent while the constructor runs. */
  readonly bucketValues?: Readonly<Record<string, number>>;
}

/** A label set, besides its cells. */
interface Entry {
  labels: RawLabels;
  bucketExemplars?: BucketExemplars;
}

/**
 * The label sets of a histogram.
 *
 * The client asks for an entry, adds an observation to its `sum`, then counts it
 * there. What it gets is a {@linkcode Recorder}, which does all that at once:
 * only `values()` yields entries as the client would keep them.
 */
export class HistogramMap extends LiveMap<Entry, StoredHistogram> {
  readonly #metric: MappedHistogram;
  readonly #buckets: Buckets;
  readonly #recorder: Recorder;

  constructor(
    metric: MappedHistogram,
    buckets: Buckets,
    options: LiveMapOptions,
  ) {
    super(options);
    this.#metric = metric;
    this.#buckets = buckets;
    this.#recorder = new Recorder(buckets);
  }

  /** Histograms have no values of their own. */
  set(): this {
    return this;
  }

  setDelta(): this {
    return this;
  }

  get(): undefined {}

  getOrAdd(): undefined {}

  entry(labels: RawLabels): object | undefined {
    const entry = this.entries.get(this.keyFrom(labels));
    return entry && this.#recorder.of(entry);
  }

  merge(labels: RawLabels, values: StoredHistogram): object {
    const key = this.keyFrom(labels);
    const { bucketExemplars } = values;
    const entry = this.entries.get(key);
    if (entry === undefined) return this.add(key, { ...values, labels });
    Object.assign(entry, { labels }, bucketExemplars && { bucketExemplars });
    this.attempt(() => {
      this.table.rewrite(entry, cellsOf(values, this.#buckets));
      this.table.relabel(entry, labels);
    });
    return this.#recorder.of(entry);
  }

  /** Counts an observation where there are no labels; tells whether it could. */
  observe(observation: number): boolean {
    const entry = this.entries.get(UNLABELLED);
    if (entry === undefined) return false;
    this.#recorder.of(entry).sum = observation;
    return true;
  }

  follow(labels: RawLabels, [, given]: readonly unknown[]): void {
    const entry = this.entries.get(this.keyFrom(labels))!;
    setBucketExemplars(this.table, entry, this.#buckets, given);
  }

  protected stored(entry: Entry): StoredHistogram {
    const { labels, bucketExemplars } = entry;
    const { bounds, keys } = this.#buckets;
    const cells = Cell.cells(entry);
    const at = Cell.at(entry);
    const count = cells[at + HISTOGRAM.count];
    const bucketValues = { ...this.#metric.bucketValues };
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

  protected put(key: string, stored: StoredHistogram): object {
    const { labels, bucketExemplars } = stored;
    const entry: Entry = bucketExemplars
      ? { labels, bucketExemplars }
      : { labels };
    this.table.append(labels, cellsOf(stored, this.#buckets), (cells, at) => {
      new Cell(entry, cells, at);
    });
    setBucketExemplars(this.table, entry, this.#buckets);
    this.entries.set(key, entry);
    return this.#recorder.of(entry);
  }
}

/** No buckets: the client finds none to count in. */
const NO_BUCKETS: StoredHistogram["bucketValues"] = Object.freeze({});

/**
 * Stands for the entry of a label set while the client observes.
 *
 * It reads the sum, adds the observation, and writes the sum: since the sum is 0
 * here, what it writes is the observation.
 */
class Recorder {
  readonly bucketValues: StoredHistogram["bucketValues"] = NO_BUCKETS;
  /** The client counts here as well; it is not read. */
  count = 0;
  readonly #buckets: Buckets;
  #entry: Entry = { labels: {} };
  #cells: Float64Array = new Float64Array();
  #at = 0;

  constructor(buckets: Buckets) {
    this.#buckets = buckets;
  }

  /** Turns to a label set. */
  of(entry: Entry): this {
    this.#entry = entry;
    this.#cells = Cell.cells(entry);
    this.#at = Cell.at(entry);
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
    const bucket = placeOf(this.#buckets, observation).cell;
    const cells = this.#cells;
    const at = this.#at;
    cells[at + HISTOGRAM.count]++;
    if (bucket >= 0) cells[at + HISTOGRAM.buckets + bucket]++;
    cells[at + HISTOGRAM.sum] += observation;
  }
}
