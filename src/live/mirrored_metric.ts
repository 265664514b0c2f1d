import { hasCollector } from "../clients/shape.ts";
import type { CollectorError } from "../errors.ts";
import { collect } from "../families/collect.ts";
import { collectorError, duplicateError } from "../families/failures.ts";
import { readerOf } from "../families/metric_reader.ts";
import type { RegisteredMetric, Registry } from "../types.ts";
import { Attachment } from "./attachment.ts";
import { FamilyRecord } from "./family_record.ts";
import { toSnapshot } from "./family_snapshot.ts";
import type { Memory } from "./memory.ts";

/** A metric of a registry, in shared memory. */
export class MirroredMetric {
  readonly #registry: Registry;
  readonly #metric: RegisteredMetric;
  readonly #memory: Memory;
  readonly #onChange: () => void;
  readonly #onLost = (): void => this.#onChange();
  readonly #attachment: Attachment;
  /** Whether it was live when it was mirrored. */
  readonly #wasLive: boolean;
  /** What there is of a metric that is not live. */
  #snapshot: FamilyRecord | undefined;
  #refreshing: Promise<CollectorError | undefined> | undefined;
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
    this.#attachment = Attachment.of(metric, memory);
    this.#attachment.use(this.#onLost);
    this.#wasLive = this.reason === undefined;
  }

  /** The name of the metric. */
  get name(): string {
    return this.#metric.name;
  }

  /** Why it is not live; `undefined` if it is. */
  get reason(): string | undefined {
    return this.#attachment.reason;
  }

  /** What readers know it by, if there is something to read. */
  get family(): FamilyRecord | undefined {
    if (this.#snapshot !== undefined) return this.#snapshot;
    // One that was live until a moment ago is as it was then.
    return this.#wasLive ? this.#attachment.table?.family : undefined;
  }

  /** Does what only this thread can; yields what failed. */
  refresh(): Promise<CollectorError | undefined> {
    return this.#refreshing ??= this.#refresh().finally(() =>
      this.#refreshing = undefined
    );
  }

  /** Lets go of the metric. */
  release(): void {
    this.#isReleased = true;
    this.#attachment.release(this.#onLost);
    this.#snapshot?.dispose();
    this.#snapshot = undefined;
  }

  async #refresh(): Promise<CollectorError | undefined> {
    try {
      if (this.reason !== undefined) return await this.#read();
      this.#attachment.followName();
      if (hasCollector(this.#metric)) await collect(this.#metric).collected;
    } catch (error) {
      return collectorError(this.name, error);
    }
  }

  async #read(): Promise<CollectorError | undefined> {
    const reading = readerOf(this.#registry, this.#metric).read(0);
    const { family, duplicates } = await reading.family;
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
