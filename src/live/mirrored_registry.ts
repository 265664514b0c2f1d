import { defaultLabelsOf } from "../clients/recognise.ts";
import { watch } from "../clients/registry.ts";
import type { Memory } from "../memory/memory.ts";
import type { RegisteredMetric, Registry } from "../types.ts";
import { MirroredMetric } from "./mirrored_metric.ts";

/** The parts of a mirror that each of its registries needs. */
export interface RegistryMirror {
  readonly memory: Memory;
  /** Does what is called from within the application's calls. */
  readonly attempt: (action: () => void) => void;
  /** Called when the registry, or the family of one of its metrics, is another. */
  readonly onChange: () => void;
  /** Called with one more metric of a registry. */
  readonly onMetric: (
    registry: MirroredRegistry,
    metric: MirroredMetric,
  ) => void;
}

/** A registry, and what of it is mirrored. */
export class MirroredRegistry {
  readonly #registry: Registry;
  readonly #mirror: RegistryMirror;
  readonly #stop: (() => void) | undefined;
  #metrics: Map<RegisteredMetric, MirroredMetric> = new Map();
  /** The labels that it adds, as JSON. */
  defaults = "{}";

  /** Watches a registry; {@linkcode MirroredRegistry.follow} is to be called. */
  constructor(registry: Registry, mirror: RegistryMirror) {
    this.#registry = registry;
    this.#mirror = mirror;
    this.#stop = watch(registry, (registered) => {
      const isNew = Object(registered) === registered &&
        !this.#metrics.has(registered!);
      if (!isNew) return mirror.onChange();
      mirror.attempt(() => mirror.onMetric(this, this.#add(registered!)));
    });
  }

  /** Whether all changes of the registry are noticed at once. */
  get isWatched(): boolean {
    return this.#stop !== undefined;
  }

  /** The metrics, in the order of registration. */
  get metrics(): Iterable<MirroredMetric> {
    return this.#metrics.values();
  }

  /** Follows what was changed; yields the metrics that are gone. */
  follow(): MirroredMetric[] {
    const known = this.#metrics;
    const registry = this.#registry;
    const listed = registry.getMetricsAsArray();
    this.defaults = JSON.stringify(defaultLabelsOf(registry));
    const metrics: typeof known = new Map();
    for (const metric of listed) {
      if (typeof metric !== "object" || metric === null) continue;
      this.#mirror.attempt(() => {
        metrics.set(metric, known.get(metric) ?? this.#add(metric));
      });
    }
    this.#metrics = metrics;
    return [...known].flatMap(([metric, each]) =>
      metrics.has(metric) ? [] : [each]
    );
  }

  /** Mirrors one more metric, whose constructor may still run. */
  #add(metric: RegisteredMetric): MirroredMetric {
    const { memory, onChange } = this.#mirror;
    const made = new MirroredMetric(this.#registry, metric, memory, onChange);
    this.#metrics.set(metric, made);
    return made;
  }

  /** Lets go of the registry and its metrics. */
  end(): void {
    this.#stop?.();
    for (const metric of this.metrics) {
      this.#mirror.attempt(() => metric.release());
    }
    this.#metrics.clear();
  }
}
