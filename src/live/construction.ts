import type { RegisteredMetric } from "../types.ts";
import { override } from "./override.ts";

/** A metric that is being made. */
interface Construction {
  /** Ends the wait for its type, and tells who waits. */
  readonly end: () => void;
  /** Who waits. */
  readonly callbacks: Set<() => void>;
}

const constructions = new Map<RegisteredMetric, Construction>();

/** Metrics that have no type, and were waited for in vain. */
const typeless = new WeakSet<RegisteredMetric>();

/**
 * Tells whether a metric is being made: both clients register it before its
 * constructor says of what type it is.
 */
export function isUnderConstruction(metric: RegisteredMetric): boolean {
  if (constructions.has(metric)) return true;
  return Array.isArray((metric as { labelNames?: unknown }).labelNames) &&
    !("type" in metric) && !typeless.has(metric) &&
    Object.isExtensible(metric);
}

/**
 * Calls a function as soon as the type of a metric is known, or never will be: a
 * constructor that throws leaves what it has registered without one.
 */
export function whenConstructed(
  metric: RegisteredMetric,
  then: () => void,
): void {
  const other = constructions.get(metric);
  if (other !== undefined) {
    other.callbacks.add(then);
    return;
  }
  // One turn for all: they may be many before there is one.
  if (constructions.size === 0) queueMicrotask(endAll);
  const callbacks = new Set([then]);
  const type = override(metric, "type", {
    enumerable: true,
    get: () => undefined,
    set(value: unknown) {
      if (!type.restore()) {
        throw new TypeError(
          "Cannot set the type of a metric: it must not be frozen",
        );
      }
      (metric as { type?: unknown }).type = value;
      end();
    },
  });
  const end = () => {
    constructions.delete(metric);
    type.restore();
    if (!("type" in metric)) typeless.add(metric);
    for (const callback of callbacks) callback();
  };
  constructions.set(metric, { end, callbacks });
}

/** No constructor runs any more. */
function endAll(): void {
  for (const { end } of [...constructions.values()]) end();
}
