import { type Method, watchMethods } from "../clients/override.ts";
import { defaultLabelsOf } from "../clients/stored.ts";
import { LeadingRegistry } from "../metrics/leading_registry.ts";
import type { Memory } from "../memory/memory.ts";
import type { RegisteredMetric, Registry } from "../types.ts";
import { MirroredMetric } from "./mirrored_metric.ts";

/** The part of a mirror that its registries use. */
export interface RegistryMirror {
  readonly memory: Memory;
  /** Makes changes from within the application's calls, without throwing. */
  readonly attempt: (action: () => void) => void;
  /** Called when the registry, or the family of one of its metrics, is another. */
  readonly onChange: () => void;
  onMetric(registry: MirroredRegistry, metric: MirroredMetric): void;
  /** Tells whether another registry has taken the place of a metric. */
  isLeftOut(registry: Registry, metric: RegisteredMetric): boolean;
}

/** A registry, and what of it is mirrored. */
export class MirroredRegistry {
  readonly #registry: Registry;
  readonly #mirror: RegistryMirror;
  /** Absent if the registry cannot be watched. */
  readonly #stop: (() => void) | undefined;
  #metrics: Map<RegisteredMetric, MirroredMetric> = new Map();
  /** The labels that it adds, as JSON. */
  defaults = "{}";

  /** Watches a registry; {@linkcode MirroredRegistry.follow} reads it. */
  constructor(registry: Registry, mirror: RegistryMirror) {
    this.#registry = registry;
    this.#mirror = mirror;
    this.#stop = watch(registry, (registered) => {
      const metric = registered as RegisteredMetric;
      const isNew = Object(metric) === metric && !this.#metrics.has(metric) &&
        !mirror.isLeftOut(registry, metric);
      if (!isNew) return mirror.onChange();
      mirror.attempt(() => mirror.onMetric(this, this.#add(metric)));
    });
  }

  get isWatched(): boolean {
    return this.#stop !== undefined;
  }

  get metrics(): Iterable<MirroredMetric> {
    return this.#metrics.values();
  }

  /** Follows changes of the registry; yields the metrics that are gone. */
  follow(): Iterable<MirroredMetric> {
    const known = this.#metrics;
    const registry = this.#registry;
    // Readers read the rest themselves.
    const listed = registry instanceof LeadingRegistry
      ? registry.ofThread()
      : registry.getMetricsAsArray();
    this.defaults = JSON.stringify(defaultLabelsOf(registry));
    const metrics: typeof known = new Map();
    const added: MirroredMetric[] = [];
    for (const metric of listed) {
      if (typeof metric !== "object" || metric === null) continue;
      if (this.#mirror.isLeftOut(registry, metric)) continue;
      this.#mirror.attempt(() => {
        const mirrored = known.get(metric);
        metrics.set(metric, mirrored ?? this.#add(metric));
        if (mirrored === undefined) added.push(metrics.get(metric)!);
      });
    }
    this.#metrics = metrics;
    for (const metric of metrics.keys()) known.delete(metric);
    return this.#succeed(new Set(known.values()), added);
  }

  /**
   * Keeps what was read of metrics whose place others have taken: a registry may
   * list other objects each time. Yields those that are gone.
   */
  #succeed(
    gone: Set<MirroredMetric>,
    added: readonly MirroredMetric[],
  ): Iterable<MirroredMetric> {
    const before = new Map(Array.from(gone, (each) => [each.name, each]));
    for (const each of added) {
      const last = before.get(each.name);
      if (!last?.succeed(each)) continue;
      before.delete(each.name);
      this.#metrics.set(last.metric, last);
      gone.delete(last);
      gone.add(each);
    }
    return gone;
  }

  /** Mirrors one more metric, whose constructor may still run. */
  #add(metric: RegisteredMetric): MirroredMetric {
    const { memory, onChange } = this.#mirror;
    const made = new MirroredMetric(this.#registry, metric, memory, onChange);
    this.#metrics.set(metric, made);
    return made;
  }

  end(): void {
    this.#stop?.();
    for (const metric of this.metrics) {
      this.#mirror.attempt(() => metric.release());
    }
    this.#metrics.clear();
  }
}

/** The methods that change a registry, in all clients. */
const CHANGING = [
  "registerMetric",
  "removeSingleMetric",
  "clear",
  "setDefaultLabels",
];

/** Is told of a change, and of the metric if one was registered; never throws. */
type Listener = (registered?: unknown) => void;

/**
 * Calls a function after each change of a registry, until the result is called;
 * `undefined` if that is not possible: the registry may be frozen.
 */
function watch(
  registry: Registry,
  listener: Listener,
): (() => void) | undefined {
  const wrap = (name: string, method: Method, listeners: Set<Listener>) =>
    function (...given: unknown[]): unknown {
      const result = method.apply(registry, given);
      const [registered] = name === "registerMetric" ? given : [];
      for (const listener of listeners) listener(registered);
      return result;
    };
  return watchMethods(registry, CHANGING, listener, wrap);
}
