/**
 * The registries of both client packages: what changes them, and what they have
 * beside what their types say.
 *
 * @module
 */

import type { RegisteredMetric, Registry } from "../types.ts";
import { type Override, override } from "./interception.ts";

/**
 * Tells whether a metric does more than to read its values. The clients' metrics
 * say so; others are taken to do more.
 */
export function hasCollector(metric: RegisteredMetric): boolean {
  const { collect } = metric as { collect?: unknown };
  return collect !== undefined || !("labelNames" in metric);
}

/**
 * Names the holders of the metrics of a registry that has none of its own;
 * `undefined` if it has.
 */
export function askedBy(
  registry: object,
): { readonly method: string; readonly others: string } | undefined {
  const asks = Object.entries(ASKS_OTHERS).find(([method]) =>
    typeof Reflect.get(registry, method) === "function"
  );
  return asks && { method: asks[0], others: asks[1] };
}

/** The methods by which registries ask others for metrics, and those they ask. */
const ASKS_OTHERS: Readonly<Record<string, string>> = {
  // An `AggregatorRegistry` of either client.
  clusterMetrics: "the workers of a cluster",
  // A `WorkerRegistry` of `@prometheus-io/client`.
  workerMetrics: "worker threads",
};

/** The methods that change a registry, in all clients. */
const METHODS = [
  "registerMetric",
  "removeSingleMetric",
  "clear",
  "setDefaultLabels",
] as const;

type Watched = Registry & Record<string, (...given: unknown[]) => unknown>;

/**
 * Told that a registry has changed; it must not throw.
 *
 * @param registered The metric that was registered, if that is the change.
 */
export type RegistryListener = (registered?: RegisteredMetric) => void;

interface Watch {
  readonly listeners: Set<RegistryListener>;
  readonly overrides: readonly Override[];
}

const watches = new WeakMap<Registry, Watch>();

/**
 * Calls a function whenever a registry has changed, until the result is called.
 *
 * A registry whose methods cannot be replaced, such as a frozen one, is not
 * watched: `undefined`.
 */
export function watch(
  registry: Registry,
  listener: RegistryListener,
): (() => void) | undefined {
  let watch = watches.get(registry);
  if (watch === undefined) {
    if (!isWatchable(registry)) return undefined;
    watches.set(registry, watch = begin(registry as Watched));
  }
  const { listeners, overrides } = watch;
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0 || watches.get(registry) !== watch) return;
    // A method that cannot be put back calls the former one, and no listener.
    const isRestored = overrides.map((each) => each.restore());
    if (isRestored.every(Boolean)) watches.delete(registry);
  };
}

function begin(registry: Watched): Watch {
  const listeners = new Set<RegistryListener>();
  const overrides = METHODS.map((name) => {
    const method = registry[name];
    return override(registry, name, {
      writable: true,
      value(...given: unknown[]) {
        const result = method.apply(registry, given);
        const [registered] = name === "registerMetric" ? given : [];
        for (const listener of listeners) {
          listener(registered as RegisteredMetric);
        }
        return result;
      },
    });
  });
  return { listeners, overrides };
}

function isWatchable(registry: Registry): boolean {
  return Object.isExtensible(registry) &&
    METHODS.every((name) =>
      typeof (registry as Watched)[name] === "function" &&
      (Object.getOwnPropertyDescriptor(registry, name)?.configurable ?? true)
    );
}
