import { hasCollector } from "../clients/registry.ts";
import type { CollectorError } from "../errors.ts";
import { collectorError, duplicateError } from "../families/failures.ts";
import { type MetricSource, RegistrySources } from "../gather/source.ts";
import type { RegisteredMetric, Registry } from "../types.ts";
import { Attachment } from "./attachment.ts";
import { FamilyRecord } from "../memory/records.ts";
import { toSnapshot } from "../memory/family_header.ts";
import type { Memory } from "../memory/memory.ts";

/** A metric that is being refreshed. */
export interface Refreshing {
  readonly name: string;
  /** When that began, by the clock of `performance`, in milliseconds. */
  readonly startedAt: number;
  /** Whether it is a collector that runs. */
  readonly isCollector: boolean;
  /** Settles when it was refreshed, with what failed; it never rejects. */
  readonly refreshed: Promise<CollectorError | undefined>;
}

/** A metric of a registry, in shared memory. */
export class MirroredMetric {
  readonly #registry: Registry;
  readonly #metric: RegisteredMetric;
  readonly #memory: Memory;
  readonly #onChange: () => void;
  readonly #onLost = (): void => this.#onChange();
  /** Where its values are, if it is live. */
  readonly attachment: Attachment;
  /** Whether it was live when it was mirrored. */
  readonly #wasLive: boolean;
  /** The last snapshot of a metric that is not live. */
  #snapshot: FamilyRecord | undefined;
  #refreshing: Refreshing | undefined;
  /** When the last refresh began that has not failed. */
  #refreshedAt = -Infinity;
  #isReleased = false;

  /**
   * Mirrors a metric.
   *
   * @param onChange Called when its family is another one.
   */
  constructor(
    registry: Registry,
    metric: RegisteredMetric,
    memory: Memory,
    onChange: () => void,
  ) {
    this.#registry = registry;
    this.#metric = metric;
    this.#memory = memory;
    this.#onChange = onChange;
    this.attachment = Attachment.of(metric, memory, this.#onLost);
    this.#wasLive = this.attachment.reason === undefined;
  }

  /** The name of the metric; empty if it cannot be told. */
  get name(): string {
    try {
      return String(this.#metric.name);
    } catch {
      return "";
    }
  }

  /** The record by which readers know it, if there is something to read. */
  get family(): FamilyRecord | undefined {
    if (this.#snapshot !== undefined) return this.#snapshot;
    // One that was live until a moment ago is as it was then.
    return this.#wasLive ? this.attachment.table?.family : undefined;
  }

  /** Whether a filter wants it; one whose type cannot be told is wanted. */
  isWanted(filter: (name: string, type: unknown) => boolean): boolean {
    try {
      const { name, type } = this.#metric as { name: string; type?: unknown };
      return filter(name, type);
    } catch {
      return true;
    }
  }

  /**
   * Does what only this thread can, unless that was begun less than `maxAge`
   * milliseconds ago.
   *
   * @returns What is under way; `undefined` if there is nothing to wait for.
   */
  refresh(maxAge: number): Refreshing | undefined {
    if (this.#refreshing !== undefined) return this.#refreshing;
    const startedAt = performance.now();
    if (startedAt - this.#refreshedAt < maxAge) return undefined;
    let isCollector = false;
    try {
      this.attachment.follow();
      isCollector = hasCollector(this.#metric);
      const isLive = this.attachment.reason === undefined;
      if (isLive && !isCollector) return undefined;
    } catch {
      // It is refreshed for the sake of the failure.
    }
    const refreshed = this.#refresh().then((failure) => {
      this.#refreshing = undefined;
      if (failure === undefined) this.#refreshedAt = startedAt;
      return failure;
    });
    return this.#refreshing = {
      name: this.name,
      startedAt,
      isCollector,
      refreshed,
    };
  }

  /** Lets go of the metric. */
  release(): void {
    this.#isReleased = true;
    this.attachment.release(this.#onLost);
    this.#snapshot?.dispose();
    this.#snapshot = undefined;
  }

  async #refresh(): Promise<CollectorError | undefined> {
    try {
      if (this.attachment.reason !== undefined) return await this.#read();
      const run = this.#source().collect();
      await run?.pending;
      if (run?.failure !== undefined) throw run.failure.reason;
    } catch (error) {
      return collectorError(this.name, error);
    }
  }

  #source(): MetricSource {
    return RegistrySources.of(this.#registry).sourceOf(this.#metric, -1);
  }

  async #read(): Promise<CollectorError | undefined> {
    const source = this.#source();
    const run = source.collect();
    await run?.pending;
    const { family, duplicates } = await source.family(run);
    if (this.#isReleased) return undefined;
    const snapshot = toSnapshot(family);
    if (this.#snapshot !== undefined) this.#snapshot.setHeader(snapshot);
    else {
      this.#snapshot = new FamilyRecord(this.#memory, snapshot);
      this.#onChange();
    }
    return duplicates > 0 ? duplicateError(this.name, duplicates) : undefined;
  }
}
