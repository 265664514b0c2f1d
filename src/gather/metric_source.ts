import { storageOf, type Verdict } from "../clients/storage.ts";
import {
  bucketsOf,
  defaultLabelsOf,
  hasCollector,
  nameOf,
  registeredName,
  type StoredHistogram,
  type StoredMetric,
  type StoredValue,
} from "../clients/stored.ts";
import type { ReadFamily, Reading } from "../families/failures.ts";
import { SeriesTable } from "../families/series_table.ts";
import { OwnMetric } from "../metrics/own_metric.ts";
import { now } from "../runtime/wait.ts";
import type { MetricType, RegisteredMetric, Registry } from "../types.ts";
import { askForValues, readCollected } from "./collected.ts";
import { type CollectorRun, runCollector } from "./collector_run.ts";
import { FamilyBuilder } from "./family_builder.ts";

/** The default labels of a registry: the same object until they change. */
type DefaultLabels = Readonly<Record<string, string>>;

const NO_LABELS: DefaultLabels = {};
const registries = new WeakMap<Registry, MetricSources>();

/** The sources of a registry's metrics, from one scrape to the next. */
export class MetricSources {
  spelled = "{}";
  readonly #registry: Registry;
  readonly #sources = new WeakMap<RegisteredMetric, MetricSource>();
  /** The sources by their places in the registry, where most are found again. */
  readonly #places: MetricSource[] = [];
  #defaults = NO_LABELS;
  #failure: { readonly reason: unknown } | undefined;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** Finds the sources of a registry, with the default labels that it has now. */
  static of(registry: Registry): MetricSources {
    let found = registries.get(registry);
    if (found === undefined) {
      registries.set(registry, found = new MetricSources(registry));
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
   * Finds the source of a metric, by its place in the registry if that is known.
   *
   * @throws If the default labels cannot be read.
   */
  sourceOf(metric: RegisteredMetric, place?: number): MetricSource {
    if (this.#failure !== undefined) throw this.#failure.reason;
    let source = place === undefined ? undefined : this.#places[place];
    if (source?.metric !== metric) {
      source = this.#sources.get(metric) ?? new MetricSource(metric);
      this.#sources.set(metric, source);
      if (place !== undefined) this.#places[place] = source;
    }
    source.defaults = this.#defaults;
    // With nearly every scrape it is the same.
    if (metric.name !== source.registered) {
      source.registered = metric instanceof OwnMetric
        ? metric.name
        : registeredName(this.#registry, metric, source.registered);
    }
    return source;
  }

  /** Forgets the places from one on: metrics that are gone must not stay. */
  endAt(place: number): void {
    if (place < this.#places.length) this.#places.length = place;
  }
}

/** A metric of a registry, from one scrape to the next. */
export class MetricSource {
  defaults: DefaultLabels = NO_LABELS;
  /** The last scrape that listed it; a registry may list a metric twice. */
  listedIn = 0;
  /** Whether it is to be asked when the collectors have ended. */
  isPostponed = false;
  /** How many series it had when it was last read. */
  size = 0;
  readonly metric: RegisteredMetric;
  /** The name under which a registry knows it. */
  registered: string | undefined;
  #builder: FamilyBuilder | undefined;
  #builderDefaults: DefaultLabels | undefined;
  #last: ReadFamily | undefined;
  /** The client's storage that it was read from; a reset puts another in place. */
  #readFrom: unknown;
  #readAt = -Infinity;
  #reading: Promise<ReadFamily> | undefined;
  #run: CollectorRun | undefined;
  #storage: Verdict["storage"] | undefined;

  constructor(metric: RegisteredMetric) {
    this.metric = metric;
  }

  get name(): string {
    return this.registered ?? nameOf(this.metric);
  }

  /** The family that was last read, if that began after a time. */
  since(time: number): ReadFamily | undefined {
    return this.#readAt > time ? this.#last : undefined;
  }

  /**
   * Runs the collector, or asks a metric that is not known for its values;
   * `undefined` if reading needs neither.
   *
   * @param isFirst Whether metrics without a collector are not yet asked:
   * collectors may set them.
   */
  collect(isFirst = false): CollectorRun | undefined {
    const metric = this.metric;
    this.isPostponed = false;
    if (metric instanceof OwnMetric) return undefined;
    const storage = this.#storage = storageOf(metric);
    if (storage !== undefined && !(metric as StoredMetric).collect) {
      return undefined;
    }
    if (isFirst && storage === undefined && !hasCollector(metric)) {
      this.isPostponed = true;
      return undefined;
    }
    // The next run must not begin before the last one was read.
    if (this.#reading !== undefined && this.#run !== undefined) {
      return this.#run;
    }
    return this.#run = runCollector(metric, storage);
  }

  /**
   * Reads the family as it is now: at once, or if it has many series in parts,
   * which overlapping scrapes share.
   *
   * @param run The run of the collector, which has ended.
   * @param at The time, in milliseconds.
   */
  family(run: CollectorRun | undefined, at: number = now()): Reading {
    if (run?.failure !== undefined) throw run.failure.reason;
    if (this.#reading !== undefined) return this.#reading;
    const startedAt = run?.startedAt ?? at;
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

  /**
   * The family as it was before a reset, if the metric was reset since it was read
   * and not yet set again.
   *
   * @param isFilling Whether values may have been set, but not yet all.
   */
  beforeReset(isFilling: boolean): ReadFamily | undefined {
    const metric = this.metric as StoredMetric;
    const storage = this.#storage;
    if (storage === undefined || this.#last === undefined) return undefined;
    const isReset = Reflect.get(metric, storage.property) !== this.#readFrom;
    if (!isReset) return undefined;
    const [{ entries }] = storage.list<StoredValue>(metric);
    // A metric without labels is 0 until it is set.
    const isSet = entries.length > 0 &&
      (metric.labelNames.length > 0 || entries[0].value !== 0);
    return isFilling || !isSet ? this.#last : undefined;
  }

  #keep(startedAt: number, read: ReadFamily): ReadFamily {
    this.#reading = undefined;
    this.#readAt = startedAt;
    this.#last = read;
    this.size = read.series.length;
    return read;
  }

  #fail(error: unknown): never {
    this.#reading = undefined;
    // Its table has rows of half a scrape.
    this.#builder = undefined;
    throw error;
  }

  #read(run: CollectorRun | undefined): Reading {
    const metric = this.metric as StoredMetric;
    if (metric instanceof OwnMetric && this.defaults === NO_LABELS) {
      return metric.family;
    }
    const storage = run === undefined ? this.#storage : run.storage;
    if (storage === undefined) {
      const collected = run ? run.collected! : askForValues(metric);
      const builderFor = (type: MetricType) => this.#builderFor(type);
      return readCollected(collected, builderFor, this.registered);
    }
    const { type } = storage;
    this.#readFrom = Reflect.get(metric, storage.property);
    const named = { name: this.name, help: String(metric.help ?? "") };
    const builder = this.#builderFor(type);
    if (type !== "histogram") {
      return builder.ofValues(named, storage.list<StoredValue>(metric));
    }
    const chunks = storage.list<StoredHistogram>(metric);
    return builder.ofHistograms(named, chunks, bucketsOf(metric.upperBounds!));
  }

  /** The builder, until the type or the default labels change. */
  #builderFor(type: MetricType): FamilyBuilder {
    const { defaults } = this;
    if (this.#builder?.type !== type || defaults !== this.#builderDefaults) {
      this.#builderDefaults = defaults;
      this.#builder = new FamilyBuilder(type, new SeriesTable(type, defaults));
    }
    return this.#builder;
  }
}
