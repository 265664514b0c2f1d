import { hasCollector, nameOf, registeredName } from "../clients/stored.ts";
import type { CollectorError } from "../errors.ts";
import { collectorError, partialErrors } from "../families/failures.ts";
import type { NameFilter } from "../gather/name_filter.ts";
import type { CollectorRun } from "../gather/collector_run.ts";
import { type MetricSource, MetricSources } from "../gather/metric_source.ts";
import { type FamilySnapshot, toSnapshot } from "../memory/family_header.ts";
import type { Memory } from "../memory/memory.ts";
import { FamilyRecord } from "../memory/records.ts";
import { OwnMetric } from "../metrics/own_metric.ts";
import { now, waitFor } from "../runtime/wait.ts";
import type { RegisteredMetric, Registry } from "../types.ts";
import { Attachment } from "./attachment.ts";

/**
 * How long a collector may keep what it resets from readers, in milliseconds: twice
 * as long as a scrape has by default. It may hang.
 */
const HELD_MS = 20_000;

/** A metric that is being refreshed. */
export interface Refreshing {
  readonly name: string;
  /** When that began, in milliseconds. */
  readonly startedAt: number;
  readonly isCollector: boolean;
  /** Settles at the end, with the failure if any; it never rejects. */
  readonly refreshed: Promise<CollectorError | undefined>;
}

/** A metric of a registry, in shared memory. */
export class MirroredMetric {
  readonly #registry: Registry;
  metric: RegisteredMetric;
  readonly #memory: Memory;
  readonly #onChange: () => void;
  /** The name under which a registry knows it. */
  #registered: string | undefined;
  readonly #onLost = (): void => this.#onChange();
  readonly attachment: Attachment;
  /** Whether it was live when it was mirrored. */
  readonly #wasLive: boolean;
  /** The last snapshot of a metric that is not live. */
  #snapshot: FamilyRecord | undefined;
  #refreshing: Refreshing | undefined;
  /** When the last successful refresh began. */
  #refreshedAt = -Infinity;
  #isReadAgain = false;
  #isReleased = false;

  /** Mirrors a metric; `onChange` is called when its family is another one. */
  constructor(
    registry: Registry,
    metric: RegisteredMetric,
    memory: Memory,
    onChange: () => void,
  ) {
    this.#registry = registry;
    this.metric = metric;
    this.#memory = memory;
    this.#onChange = onChange;
    this.attachment = Attachment.of(metric, this.name, memory, this.#onLost);
    this.#wasLive = this.attachment.reason === undefined;
  }

  get name(): string {
    const { metric } = this;
    if (metric instanceof OwnMetric) return metric.name;
    this.#registered = registeredName(this.#registry, metric, this.#registered);
    return this.#registered ?? nameOf(metric);
  }

  /** The record by which readers know it, if there is something to read. */
  get family(): FamilyRecord | undefined {
    if (this.#snapshot !== undefined) return this.#snapshot;
    // A metric that was live until now stays as it was.
    return this.#wasLive ? this.attachment.table?.family : undefined;
  }

  get isCollector(): boolean {
    try {
      return hasCollector(this.metric);
    } catch {
      return false;
    }
  }

  /** Tells whether a filter wants it; it does if the type cannot be told. */
  isWanted(filter: NameFilter): boolean {
    try {
      const { type } = this.metric as { type?: unknown };
      return filter(this.name, type);
    } catch {
      return true;
    }
  }

  /** Goes on with the object of another one, unless one of them was live. */
  succeed({ attachment, metric }: MirroredMetric): boolean {
    if (this.#wasLive || attachment.reason === undefined) return false;
    this.metric = metric;
    return true;
  }

  /** Begins a refresh, unless there is nothing to wait for. */
  refresh(maxAge: number): Refreshing | undefined {
    if (this.#refreshing !== undefined) return this.#refreshing;
    const startedAt = now();
    if (startedAt - this.#refreshedAt < maxAge) return undefined;
    const { isCollector } = this;
    try {
      this.attachment.follow(this.name);
      const isLive = this.attachment.reason === undefined;
      if (isLive && !isCollector) return undefined;
    } catch {
      // A refresh tells the failure.
    }
    const refreshed = this.#refresh().then((failure) => {
      this.#refreshing = undefined;
      if (failure === undefined) this.#refreshedAt = startedAt;
      return failure;
    });
    const { name } = this;
    return this.#refreshing = { name, startedAt, isCollector, refreshed };
  }

  release(): void {
    this.#isReleased = true;
    this.attachment.release(this.#onLost);
    this.#snapshot?.dispose();
    this.#snapshot = undefined;
  }

  async #refresh(): Promise<CollectorError | undefined> {
    try {
      const source = MetricSources.of(this.#registry).sourceOf(this.metric);
      const isLive = this.attachment.reason === undefined;
      if (!this.isCollector) this.#readAgain();
      const run = this.#collect(source);
      await run?.pending;
      if (isLive) {
        if (run?.failure !== undefined) throw run.failure.reason;
        return undefined;
      }
      const family = await source.family(run);
      if (this.#isReleased) return undefined;
      this.#keep(toSnapshot(family));
      return partialErrors(this.name, family)[0];
    } catch (error) {
      return collectorError(this.name, error);
    }
  }

  /** Runs the collector; readers see no metric that is reset meanwhile. */
  #collect(source: MetricSource): CollectorRun | undefined {
    if (!this.isCollector) return source.collect();
    const end = this.#memory.beginCollecting();
    let run: CollectorRun | undefined;
    try {
      return run = source.collect();
    } finally {
      const { pending } = run ?? {};
      if (pending === undefined) end();
      else waitFor(pending, { ms: HELD_MS, inBackground: true }).then(end);
    }
  }

  /** Reads it once more when all collectors have ended, which may set it. */
  #readAgain(): void {
    if (this.#isReadAgain || !this.#memory.isCollecting) return;
    this.#isReadAgain = true;
    this.#memory.onCollected(() => {
      this.#isReadAgain = false;
      if (!this.#isReleased) void this.#refresh();
    });
  }

  #keep(snapshot: FamilySnapshot): void {
    if (this.#snapshot !== undefined) return this.#snapshot.setHeader(snapshot);
    this.#snapshot = new FamilyRecord(this.#memory, snapshot);
    this.#onChange();
  }
}
