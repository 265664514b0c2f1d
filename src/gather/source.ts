import { bucketsOf } from "../clients/buckets.ts";
import {
  defaultLabelsOf,
  storageOf,
  type Verdict,
} from "../clients/recognise.ts";
import type {
  StoredHistogram,
  StoredMetric,
  StoredValue,
} from "../clients/stored.ts";
import { defaultsFor } from "../families/series.ts";
import { SeriesTable } from "../families/series_table.ts";
import { OwnMetric } from "../metrics/own_metric.ts";
import type { MetricType, RegisteredMetric, Registry } from "../types.ts";
import { readAnswer } from "./answer.ts";
import { ask, type CollectorRun, runCollector } from "./collector.ts";
import { addHistograms, addValues, type ReadFamily, readRows } from "./rows.ts";

/** The default labels of a registry: the same object as long as they are equal. */
type DefaultLabels = Readonly<Record<string, string>>;

const NO_LABELS: DefaultLabels = {};
const registries = new WeakMap<Registry, RegistrySources>();

/** The sources of a registry's metrics, from one scrape to the next. */
export class RegistrySources {
  /** The default labels, as JSON. */
  spelled = "{}";
  readonly #sources = new WeakMap<RegisteredMetric, MetricSource>();
  /** The sources by their places: a quicker way to most of them. */
  readonly #places: MetricSource[] = [];
  #defaults = NO_LABELS;
  /** The reason why the default labels cannot be read. */
  #failure: { readonly reason: unknown } | undefined;

  /** Finds the sources of a registry, with the default labels that it has now. */
  static of(registry: Registry): RegistrySources {
    let found = registries.get(registry);
    if (found === undefined) {
      registries.set(registry, found = new RegistrySources());
    }
    try {
      const defaults = defaultLabelsOf(registry);
      const spelled = JSON.stringify(defaults);
      if (spelled !== found.spelled) {
        found.spelled = spelled;
        found.#defaults = spelled === "{}" ? NO_LABELS : defaults;
      }
      found.#failure = undefined;
    } catch (reason) {
      found.#failure = { reason };
    }
    return found;
  }

  /**
   * Finds the source of a metric, which all scrapes share.
   *
   * @param place Its place in the registry, where the last scrape found it as a
   * rule; -1 if that is not known.
   * @throws If the default labels cannot be read.
   */
  sourceOf(metric: RegisteredMetric, place: number): MetricSource {
    if (this.#failure !== undefined) throw this.#failure.reason;
    let source: MetricSource | undefined = this.#places[place];
    if (source?.metric !== metric) {
      source = this.#sources.get(metric) ?? new MetricSource(metric);
      this.#sources.set(metric, source);
      if (place >= 0) this.#places[place] = source;
    }
    source.defaults = this.#defaults;
    return source;
  }
}

/** A metric of a registry, from one scrape to the next. */
export class MetricSource {
  /** The labels that the registry adds. */
  defaults: DefaultLabels = NO_LABELS;
  /** The scrape that has listed it last: an odd registry lists a metric twice. */
  wantedBy: object | undefined;
  /** How many series there were when it was read last. */
  size = 0;
  readonly metric: RegisteredMetric;
  #table: SeriesTable | undefined;
  #tableType: MetricType | undefined;
  #tableDefaults: DefaultLabels | undefined;
  #last: ReadFamily | undefined;
  #readAt = -Infinity;
  #reading: Promise<ReadFamily> | undefined;
  /** The last run of its collector. */
  #run: CollectorRun | undefined;
  #storage: Verdict["storage"] | undefined;

  /** Makes the source of a metric that was not read yet. */
  constructor(metric: RegisteredMetric) {
    this.metric = metric;
  }

  /** The family that was read last, if that was begun after a time. */
  since(time: number): ReadFamily | undefined {
    return this.#readAt > time ? this.#last : undefined;
  }

  /**
   * Runs the metric's collector, or asks a metric that is not known for its
   * values; `undefined` if neither is needed to read it.
   */
  collect(): CollectorRun | undefined {
    const metric = this.metric;
    if (metric instanceof OwnMetric) return undefined;
    const storage = this.#storage = storageOf(metric);
    if (storage !== undefined && !(metric as StoredMetric).collect) {
      return undefined;
    }
    // Until it was read, the next run must not begin.
    if (this.#reading !== undefined && this.#run !== undefined) {
      return this.#run;
    }
    return this.#run = runCollector(metric, storage);
  }

  /**
   * Reads the family as it is now: in one go, or where it has many series in
   * parts, which scrapes that overlap share.
   *
   * @param run The run of the collector, which has ended.
   * @param now When it is read, on the monotonic clock, in milliseconds.
   */
  family(
    run: CollectorRun | undefined,
    now: number = performance.now(),
  ): ReadFamily | Promise<ReadFamily> {
    if (run?.failure !== undefined) throw run.failure.reason;
    if (this.#reading !== undefined) return this.#reading;
    const startedAt = run?.startedAt ?? now;
    try {
      const read = this.#read(run);
      if (!(read instanceof Promise)) return this.#keep(startedAt, read);
      return this.#reading = read.then(
        (read) => this.#keep(startedAt, read),
        (error) => this.#fail(error),
      );
    } catch (error) {
      return this.#fail(error);
    }
  }

  #keep(startedAt: number, read: ReadFamily): ReadFamily {
    this.#reading = undefined;
    this.#readAt = startedAt;
    this.#last = read;
    this.size = read.family.series.length;
    return read;
  }

  #fail(error: unknown): never {
    this.#reading = undefined;
    // Rows were placed in vain.
    this.#table = undefined;
    throw error;
  }

  #read(run: CollectorRun | undefined): ReadFamily | Promise<ReadFamily> {
    const metric = this.metric as StoredMetric;
    if (metric instanceof OwnMetric && this.defaults === NO_LABELS) {
      return { family: metric.family, duplicates: 0 };
    }
    const storage = run === undefined ? this.#storage : run.storage;
    if (storage === undefined) {
      const answer = run === undefined ? ask(metric) : run.answer!;
      return readAnswer(answer, (type) => this.#tableFor(type));
    }
    const { type } = storage;
    const { name, help, upperBounds } = metric;
    const unread = {
      name,
      help: typeof help === "string" ? help : String(help ?? ""),
      type,
      table: this.#tableFor(type),
      buckets: type === "histogram" ? bucketsOf(upperBounds!) : undefined,
    };
    return type === "histogram"
      ? readRows(unread, storage.list<StoredHistogram>(metric), addHistograms)
      : readRows(unread, storage.list<StoredValue>(metric), addValues);
  }

  /** The table of the series, which both the type and the defaults decide. */
  #tableFor(type: MetricType): SeriesTable {
    const { defaults } = this;
    if (
      this.#table === undefined || type !== this.#tableType ||
      defaults !== this.#tableDefaults
    ) {
      this.#tableType = type;
      this.#tableDefaults = defaults;
      this.#table = new SeriesTable(
        defaults === NO_LABELS ? defaults : defaultsFor(type, defaults),
      );
    }
    return this.#table;
  }
}
