import { describe } from "../describe.ts";
import { Directory, type DirectoryEntry } from "../memory/directory.ts";
import type { Handover, MemoryChunk } from "../memory/layout.ts";
import { Memory } from "../memory/memory.ts";
import type { Registry } from "../types.ts";
import type { MirroredMetric, Refreshing } from "./mirrored_metric.ts";
import { MirroredRegistry, type RegistryMirror } from "./mirrored_registry.ts";

/** A metric whose values are not live, and why. */
export interface NotLive {
  readonly name: string;
  readonly reason: string;
}

/** Which metrics are refreshed. */
export interface RefreshOptions {
  /** Which are wanted, by name and type; without it all are. */
  readonly isWanted?: (name: string, type: unknown) => boolean;
  /**
   * For how long a refresh is good enough, in milliseconds since its beginning.
   *
   * @default {0}
   */
  readonly maxAge?: number;
}

/** What a {@linkcode Mirror} mirrors. */
export interface MirrorOptions {
  /** The registries, in the order of their families. */
  readonly registries: readonly Registry[];
  /** Told what could not be followed. */
  readonly onError: (error: unknown) => void;
  /**
   * Told at once when there are other metrics, or one is not live any more. It
   * must not throw.
   */
  readonly onChange?: () => void;
}

/**
 * The memory of all mirrors, as long as there are some: whoever mirrors a metric,
 * its values can be in one place only.
 */
let shared: { readonly memory: Memory; mirrors: number } | undefined;

/**
 * Keeps the metrics of registries in shared memory, where a reader on any thread
 * sees them as they are at any moment.
 *
 * Counters, gauges and histograms of a known client are live: each update is
 * there at once. All others, and what collectors compute, are as they were when
 * {@linkcode Mirror.refresh} was called last.
 */
export class Mirror {
  #registries: ReadonlyMap<Registry, MirroredRegistry> = new Map();
  readonly #onError: (error: unknown) => void;
  readonly #onChange: () => void;
  readonly #memory: Memory;
  readonly #directory: Directory;
  /** End handing memory over. */
  readonly #stops: (() => void)[] = [];
  /** Why metrics of known clients are not live, as far as it was told. */
  readonly #told = new Set<string>();
  /** The families that are listed, by their identity and default labels. */
  readonly #listed = new Set<string>();
  #isClosed = false;

  /** Attaches to the metrics that the registries have, and will have. */
  constructor({ registries, onError, onChange = () => {} }: MirrorOptions) {
    this.#onError = onError;
    this.#onChange = onChange;
    this.#memory = shared?.memory ?? new Memory();
    this.#directory = new Directory(this.#memory);
    shared ??= { memory: this.#memory, mirrors: 0 };
    shared.mirrors++;
    try {
      this.mirror(registries);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Mirrors these registries from now on; to readers that is one change. */
  mirror(registries: readonly Registry[]): void {
    if (this.#isClosed) return;
    this.#onChange();
    const known = this.#registries;
    const mirror: RegistryMirror = {
      memory: this.#memory,
      attempt: (action) => this.#attempt(action),
      onChange: this.#changed,
      onMetric: (registry, metric) => this.#add(registry, metric),
    };
    this.#registries = new Map(registries.map((registry) => [
      registry,
      known.get(registry) ?? new MirroredRegistry(registry, mirror),
    ]));
    this.#followAll();
    for (const [registry, mirrored] of known) {
      if (!this.#registries.has(registry)) mirrored.end();
    }
  }

  /** Whether all changes of the registries are noticed at once. */
  get isWatching(): boolean {
    return [...this.#registries.values()].every(({ isWatched }) => isWatched);
  }

  /** The metrics that are not live. */
  get notLive(): readonly NotLive[] {
    return this.#all().flatMap(({ name, attachment: { reason } }) =>
      reason === undefined ? [] : [{ name, reason }]
    );
  }

  /**
   * Hands the memory over to a reader.
   *
   * @param onChunk Called with the memory that is added later, while main may be
   * blocked; it may arrive in any order.
   */
  handOver(onChunk: (chunk: MemoryChunk) => void): Handover {
    if (!this.#isClosed) {
      this.#stops.push(
        this.#memory.onChunk((chunk) => this.#attempt(() => onChunk(chunk))),
      );
    }
    return {
      directory: this.#directory.address,
      chunks: this.#memory.chunks,
    };
  }

  /** How many bytes of memory all mirrors have, and how many hold texts. */
  get size(): { readonly total: number; readonly texts: number } {
    return this.#memory.size;
  }

  /**
   * Runs the collectors, and reads the metrics that are not live, all at once. A
   * metric that fails, or hangs, costs no other.
   *
   * @returns What is under way.
   */
  refresh(
    { isWanted = () => true, maxAge = 0 }: RefreshOptions = {},
  ): readonly Refreshing[] {
    this.#followAll();
    return this.#all()
      .filter((metric) => metric.isWanted(isWanted))
      .map((metric) => metric.refresh(maxAge))
      .filter((refreshing) => refreshing !== undefined);
  }

  /** Detaches from all metrics, which are what they were. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#directory.dispose();
    for (const stop of this.#stops) stop();
    for (const mirrored of this.#registries.values()) mirrored.end();
    if (--shared!.mirrors === 0) shared = undefined;
  }

  #all(): MirroredMetric[] {
    return [...this.#registries.values()].flatMap(({ metrics }) => [
      ...metrics,
    ]);
  }

  /** Does what is called from within the application's calls: it never throws. */
  #attempt(action: () => void): void {
    try {
      action();
    } catch (error) {
      try {
        this.#onError(error);
      } catch {
        // Nobody is left to be told.
      }
    }
  }

  readonly #changed = (): void => {
    this.#onChange();
    this.#followAll();
  };

  /** Lists one more metric: however many there are, that takes as long. */
  #add(registry: MirroredRegistry, metric: MirroredMetric): void {
    // Families are in the order of the registries.
    const isLast = [...this.#registries.values()].at(-1) === registry;
    if (this.#isClosed || !isLast) return this.#changed();
    this.#onChange();
    const entry = this.#entryOf(metric, registry.defaults);
    if (entry !== undefined) this.#directory.append(entry);
  }

  #followAll(): void {
    if (this.#isClosed) return;
    const gone: MirroredMetric[] = [];
    for (const mirrored of this.#registries.values()) {
      this.#attempt(() => gone.push(...mirrored.follow()));
    }
    this.#attempt(() => this.#listAll());
    // They were listed until now.
    for (const metric of gone) this.#attempt(() => metric.release());
  }

  /** Tells, once for each reason, that a client's metric is not live. */
  #tell({ name, attachment: { reason, isClients } }: MirroredMetric): void {
    if (!isClients || reason === undefined || this.#told.has(reason)) return;
    this.#told.add(reason);
    this.#attempt(() => {
      throw new Error(
        `Cannot keep metric ${
          describe(name)
        } live: ${reason}; its values are ` +
          "read while the event loop turns",
      );
    });
  }

  #listAll(): void {
    this.#listed.clear();
    const entries: DirectoryEntry[] = [];
    for (const { metrics, defaults } of this.#registries.values()) {
      for (const metric of metrics) {
        const entry = this.#entryOf(metric, defaults);
        if (entry !== undefined) entries.push(entry);
      }
    }
    this.#directory.list(entries);
  }

  /** The entry of a metric, unless it is listed by way of another registry. */
  #entryOf(
    metric: MirroredMetric,
    defaults: string,
  ): DirectoryEntry | undefined {
    this.#tell(metric);
    const { family, name } = metric;
    const key = `${family?.identity ?? `named ${name}`} ${defaults}`;
    if (this.#listed.has(key)) return undefined;
    this.#listed.add(key);
    if (family === undefined) return { family: 0, identity: 0, defaults, name };
    return { family: family.address, identity: family.identity, defaults };
  }
}
