import type { RegisteredMetric, Registry } from "../types.ts";
import { type Override, override } from "./override.ts";

/** What changes a registry, in both clients. */
const METHODS = [
  "registerMetric",
  "removeSingleMetric",
  "clear",
  "setDefaultLabels",
] as const;

type Watched = Registry & Record<string, (...given: unknown[]) => unknown>;

/**
 * Told that a registry has changed. It must not throw.
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
 * A registry that lets nobody see its changes, such as a frozen one, is not
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
    // What cannot be put back does what was there, and tells nobody.
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
        const [metric] = given;
        for (const listener of listeners) {
          if (name === "registerMetric") listener(metric as RegisteredMetric);
          else listener();
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
