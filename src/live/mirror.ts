import { describe } from "../base/describe.ts";
import type { NameFilter } from "../gather/name_filter.ts";
import { Directory, type DirectoryEntry } from "../memory/records.ts";
import type { Handover, MemoryChunk } from "../memory/layout.ts";
import { leftOutError } from "../families/failures.ts";
import { leaderOf } from "../metrics/leading_registry.ts";
import { nameOf, registeredName } from "../clients/stored.ts";
import { Memory } from "../memory/memory.ts";
import type { RegisteredMetric, Registry } from "../types.ts";
import type { MirroredMetric, Refreshing } from "./mirrored_metric.ts";
import { MirroredRegistry, type RegistryMirror } from "./mirrored_registry.ts";

export interface NotLive {
  readonly name: string;
  readonly reason: string;
}

export interface MirrorOptions {
  /** The registries, in the order of their families. */
  readonly registries: readonly Registry[];
  /** Is told changes that could not be followed; it must not throw. */
  readonly onError: (error: unknown) => void;
  /** Is told at once of other metrics, and of lost ones; it must not throw. */
  readonly onChange?: () => void;
}

/** The memory of all mirrors: a metric's values can be in one place only. */
let shared: { readonly memory: Memory; mirrors: number } | undefined;

/**
 * Keeps the metrics of registries in shared memory, for readers on any thread.
 *
 * Counters, gauges and histograms of a known client are live: readers see each
 * update at once. All others, and values that collectors compute, are as old as
 * the last {@linkcode Mirror.refresh}.
 */
export class Mirror {
  #registries: ReadonlyMap<Registry, MirroredRegistry> = new Map();
  readonly #onError: (error: unknown) => void;
  readonly #onChange: () => void;
  readonly #memory: Memory;
  readonly #directory: Directory;
  readonly #stops: (() => void)[] = [];
  /** The reasons that were told why metrics are not live, or are left out. */
  readonly #told = new Set<string>();
  /** The families that are listed, by their identity and default labels. */
  readonly #listed = new Set<string>();
  /** The names of metrics that another registry has taken the place of. */
  readonly #leftOut = new Set<string>();
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
    const leader = leaderOf(registries);
    const mirror: RegistryMirror = {
      memory: this.#memory,
      attempt: (action) => this.#attempt(action),
      onChange: this.#changed,
      onMetric: (registry, metric) => this.#add(registry, metric),
      isLeftOut: (registry, metric) => this.#isLeftOut(registry, metric),
    };
    // The last registry is the one that may grow quickly: a client's.
    const ordered = leader === undefined
      ? registries
      : [leader, ...registries.filter((each) => each !== leader)];
    this.#registries = new Map(ordered.map((registry) => [
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

  get notLive(): readonly NotLive[] {
    return this.#all().flatMap(({ name, attachment: { reason } }) =>
      reason === undefined ? [] : [{ name, reason }]
    );
  }

  /**
   * Hands the memory over to a reader; what is added later by `onChunk`, even
   * while main is blocked. Chunks may arrive in any order.
   */
  handOver(onChunk: (chunk: MemoryChunk) => void): Handover {
    if (!this.#isClosed) {
      this.#stops.push(
        this.#memory.onChunk((chunk) => this.#attempt(() => onChunk(chunk))),
      );
    }
    return this.handover;
  }

  /** The memory as it is now. */
  get handover(): Handover {
    const { chunks } = this.#memory;
    return { directory: this.#directory.address, chunks };
  }

  /** How many bytes of memory all mirrors have, and how many hold texts. */
  get size(): { readonly total: number; readonly texts: number } {
    return this.#memory.size;
  }

  /**
   * Runs the collectors, and reads the metrics that are not live, all at once,
   * except those that began less than `maxAge` milliseconds ago.
   */
  refresh(
    isWanted: NameFilter = () => true,
    maxAge = 0,
  ): readonly Refreshing[] {
    this.#followAll();
    const wanted = this.#all().filter((metric) => metric.isWanted(isWanted));
    // Collectors may set the others.
    return [true, false]
      .flatMap((isFirst) =>
        wanted.filter(({ isCollector }) => isCollector === isFirst)
      )
      .map((metric) => metric.refresh(maxAge))
      .filter((refreshing) => refreshing !== undefined);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#directory.dispose();
    for (const stop of this.#stops) stop();
    for (const mirrored of this.#registries.values()) mirrored.end();
    if (--shared!.mirrors === 0) shared = undefined;
  }

  #all(): MirroredMetric[] {
    return [...this.#registries.values()]
      .flatMap(({ metrics }) => [...metrics]);
  }

  /** Makes changes from within the application's calls, without throwing. */
  #attempt(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#onError(error);
    }
  }

  readonly #changed = (): void => {
    this.#onChange();
    this.#followAll();
  };

  /** Lists one more metric, in a time that does not grow with their number. */
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
    if (this.#leftOut.size > 0) {
      this.#tell("it is left out", leftOutError([...this.#leftOut]));
    }
    // Readers could find them until now.
    for (const metric of gone) this.#attempt(() => metric.release());
  }

  #isLeftOut(registry: Registry, metric: RegisteredMetric): boolean {
    const leader = leaderOf(this.#registries.keys());
    if (leader === undefined || registry === leader) return false;
    const name = registeredName(registry, metric) ?? nameOf(metric);
    const isLeftOut = leader.names.has(name);
    if (isLeftOut) this.#leftOut.add(name);
    return isLeftOut;
  }

  /** Tells an error, once for each reason. */
  #tell(reason: string, error: Error): void {
    if (this.#told.has(reason)) return;
    this.#told.add(reason);
    this.#onError(error);
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

  /** The entry of a metric, unless another registry has listed it. */
  #entryOf(
    metric: MirroredMetric,
    defaults: string,
  ): DirectoryEntry | undefined {
    const { family, name, attachment: { reason, isClients } } = metric;
    if (isClients && reason !== undefined) {
      const message = `Cannot keep metric ${describe(name)} live: ${reason}; ` +
        "its values are read while the event loop turns";
      this.#tell(reason, new Error(message));
    }
    const key = `${family?.identity ?? `named ${name}`} ${defaults}`;
    if (this.#listed.has(key)) return undefined;
    this.#listed.add(key);
    if (family === undefined) return { family: 0, identity: 0, defaults, name };
    return { family: family.address, identity: family.identity, defaults };
  }
}
