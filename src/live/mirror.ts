import { defaultLabelsOf } from "../clients/shape.ts";
import type { RegisteredMetric, Registry } from "../types.ts";
import { isUnderConstruction, whenConstructed } from "./construction.ts";
import { Directory, type DirectoryEntry } from "./directory.ts";
import type { FamilyRecord } from "./family_record.ts";
import type { Handover, MemoryChunk } from "./handover.ts";
import { Memory } from "./memory.ts";
import { MirroredMetric, type Refreshing } from "./mirrored_metric.ts";
import { watch } from "./registry_watch.ts";

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

/** A registry, and what of it is mirrored. */
interface MirroredRegistry {
  readonly registry: Registry;
  /** In the order of registration. */
  metrics: Map<RegisteredMetric, MirroredMetric>;
  /** The labels that it adds, as JSON. */
  defaults: string;
  /** Ends watching it. */
  stop?: () => void;
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
  #registries: readonly MirroredRegistry[] = [];
  readonly #onError: (error: unknown) => void;
  readonly #onChange: () => void;
  readonly #memory: Memory;
  readonly #directory: Directory;
  /** End handing memory over. */
  readonly #stops: (() => void)[] = [];
  /** The families that are listed, by the default labels. */
  #listed = new Map<string, Set<FamilyRecord>>();
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
    const known = new Map(
      this.#registries.map((each) => [each.registry, each]),
    );
    const wanted = new Set(registries);
    this.#registries = [...wanted].map((registry) =>
      known.get(registry) ?? this.#begin(registry)
    );
    this.#followAll();
    for (const [registry, mirrored] of known) {
      if (!wanted.has(registry)) this.#end(mirrored);
    }
  }

  /** Whether all changes of the registries are noticed at once. */
  get isWatching(): boolean {
    return this.#registries.every(({ stop }) => stop !== undefined);
  }

  /** The metrics that are not live. */
  get notLive(): readonly NotLive[] {
    return this.#all().flatMap(({ name, reason }) =>
      reason === undefined ? [] : [{ name, reason }]
    );
  }

  /**
   * Hands the memory over to a reader.
   *
   * @param onChunk Called with the memory that is added later, while main may be
   * blocked; it may arrive in any order.
   * @param signal Ends that; so does closing the mirror.
   */
  handOver(
    onChunk: (chunk: MemoryChunk) => void,
    signal?: AbortSignal,
  ): Handover {
    if (!this.#isClosed) {
      const stop = this.#memory.onChunk((chunk) =>
        this.#attempt(() => onChunk(chunk))
      );
      this.#stops.push(stop);
      signal?.addEventListener("abort", stop, { once: true });
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
    for (const mirrored of this.#registries) this.#end(mirrored);
    if (--shared!.mirrors === 0) shared = undefined;
  }

  #begin(registry: Registry): MirroredRegistry {
    const mirrored: MirroredRegistry = {
      registry,
      metrics: new Map(),
      defaults: "{}",
    };
    mirrored.stop = watch(registry, (registered) => {
      if (registered === undefined) return this.#changed();
      this.#onChange();
      this.#attempt(() => this.#add(mirrored, registered));
    });
    return mirrored;
  }

  #end({ metrics, stop }: MirroredRegistry): void {
    stop?.();
    for (const metric of metrics.values()) {
      this.#attempt(() => metric.release());
    }
    metrics.clear();
  }

  #all(): MirroredMetric[] {
    return this.#registries.flatMap(({ metrics }) => [...metrics.values()]);
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

  #followAll(): void {
    if (this.#isClosed) return;
    const gone: MirroredMetric[] = [];
    for (const mirrored of this.#registries) {
      this.#attempt(() => gone.push(...this.#follow(mirrored)));
    }
    this.#attempt(() => this.#listAll());
    // They were listed until now.
    for (const metric of gone) this.#attempt(() => metric.release());
  }

  /** Follows one registry; yields what is gone from it. */
  #follow(mirrored: MirroredRegistry): MirroredMetric[] {
    const { registry, metrics: known } = mirrored;
    const listed = registry.getMetricsAsArray();
    mirrored.defaults = JSON.stringify(defaultLabelsOf(registry));
    const metrics = new Map<RegisteredMetric, MirroredMetric>();
    for (const metric of listed) {
      this.#attempt(() => {
        const found = known.get(metric) ?? this.#make(mirrored, metric);
        if (found !== undefined) metrics.set(metric, found);
      });
    }
    mirrored.metrics = metrics;
    return [...known].flatMap(([metric, each]) =>
      metrics.has(metric) ? [] : [each]
    );
  }

  /** Mirrors one more metric of a registry. */
  #add(mirrored: MirroredRegistry, metric: RegisteredMetric): void {
    if (this.#isClosed || mirrored.metrics.has(metric)) return;
    const made = this.#make(mirrored, metric);
    if (made === undefined) return;
    mirrored.metrics.set(metric, made);
    // Families are in the order of the registries.
    if (mirrored !== this.#registries.at(-1)) return this.#listAll();
    const entry = this.#entryOf(mirrored, made);
    if (entry !== undefined) this.#directory.append(entry);
  }

  /** Mirrors a metric, unless it is being made: then it is added later. */
  #make(
    mirrored: MirroredRegistry,
    metric: RegisteredMetric,
  ): MirroredMetric | undefined {
    if (typeof metric !== "object" || metric === null) return undefined;
    const { registry } = mirrored;
    if (!isUnderConstruction(metric)) {
      return new MirroredMetric(
        registry,
        metric,
        this.#memory,
        this.#changed,
      );
    }
    whenConstructed(
      metric,
      () =>
        this.#attempt(() => {
          if (isRegistered(registry, metric)) this.#add(mirrored, metric);
        }),
    );
    return undefined;
  }

  /** What is listed of a metric, unless it is already. */
  #entryOf(
    { defaults }: MirroredRegistry,
    { family }: MirroredMetric,
  ): DirectoryEntry | undefined {
    let families = this.#listed.get(defaults);
    if (families === undefined) {
      this.#listed.set(defaults, families = new Set());
    }
    if (family === undefined || families.has(family)) return undefined;
    families.add(family);
    return { family: family.address, identity: family.identity, defaults };
  }

  #listAll(): void {
    this.#listed = new Map();
    const entries: DirectoryEntry[] = [];
    for (const mirrored of this.#registries) {
      for (const metric of mirrored.metrics.values()) {
        const entry = this.#entryOf(mirrored, metric);
        if (entry !== undefined) entries.push(entry);
      }
    }
    this.#directory.list(entries);
  }
}

/** Tells whether a registry has a metric; those of the clients know at once. */
function isRegistered(
  registry: Registry & { getSingleMetric?(name: string): unknown },
  metric: RegisteredMetric,
): boolean {
  return registry.getSingleMetric?.(metric.name) === metric ||
    registry.getMetricsAsArray().includes(metric);
}
