import { type Override, override } from "../../override.ts";

type Remove = (this: object, ...labels: unknown[]) => unknown;

/** Removes, seen by whoever has asked for that. */
type Seeing = <Result>(remove: () => Result) => Result;

interface WatchedClass {
  readonly override: Override;
  /** How many of its metrics are seen. */
  metrics: number;
}

const watched = new WeakMap<object, WatchedClass>();
const seeing = new WeakMap<object, Seeing>();

/**
 * Sees what is removed from a metric, until the result is called.
 *
 * That is a `delete`, which no accessor sees. So the method that does it is
 * replaced where the client has it, for subclasses to be seen, too.
 *
 * @param base The prototype that has the method.
 */
export function seeRemovals(
  metric: object,
  base: object,
  see: Seeing,
): () => void {
  let found = watched.get(base);
  if (found === undefined) {
    found = { override: overrideRemove(base), metrics: 0 };
    watched.set(base, found);
  }
  found.metrics++;
  seeing.set(metric, see);
  return () => {
    seeing.delete(metric);
    if (--found.metrics === 0 && found.override.restore()) {
      watched.delete(base);
    }
  };
}

function overrideRemove(base: object): Override {
  const { remove } = base as { remove: Remove };
  return override(base, "remove", {
    writable: true,
    value: function (this: object, ...labels: unknown[]): unknown {
      const see = seeing.get(this);
      const removed = () => remove.apply(this, labels);
      return see === undefined ? removed() : see(removed);
    },
  });
}
