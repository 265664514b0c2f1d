import type { RawLabels } from "../families/label_set.ts";
import { Cell } from "../memory/cell.ts";
import {
  isReplaceable,
  type Method,
  override,
  type Restore,
} from "./override.ts";
import type { SeriesIndex } from "./entries.ts";
import type { StoredEntry, StoredMetric, StoredType } from "./stored.ts";

/** Methods of a client that may be bypassed, by name. */
export type Methods = Readonly<Record<string, Method>>;

/** A metric whose label sets have cells. */
export interface DirectTarget {
  readonly series: SeriesIndex;
  /** Counts an observation; tells whether it could. */
  observe(entry: StoredEntry, observation: number): boolean;
  set(entry: StoredEntry, value: number, labels?: RawLabels): void;
  /** Finds a label set as the client does, and adds it to the index. */
  learn?(labels?: RawLabels): void;
  /** Makes the value that the client returns for an increase. */
  increased?(entry: StoredEntry): unknown;
}

/** Updates a label set; tells whether it could. */
type Update = (
  target: DirectTarget,
  entry: StoredEntry,
  value?: number,
  labels?: RawLabels,
) => boolean;

type Updates = Readonly<Record<string, Update>>;

/** How the client's methods update a label set, by type and name. */
const UPDATES: Readonly<Record<StoredType, Updates>> = {
  counter: {
    inc(_, entry, value = 1) {
      if (!(value >= 0 && value < Infinity)) return false;
      Cell.add(entry, value);
      return true;
    },
  },
  gauge: {
    inc(_, entry, value = 1) {
      Cell.add(entry, value);
      return true;
    },
    dec(_, entry, value = 1) {
      Cell.add(entry, -value);
      return true;
    },
    set(target, entry, value, labels) {
      if (value === undefined) return false;
      target.set(entry, value, labels);
      return true;
    },
  },
  histogram: {
    observe: (target, entry, value) =>
      Number.isFinite(value) && target.observe(entry, value!),
  },
};

/** Finds the function to call instead, by the object of the call. */
type Instead = (called: unknown) => Method | undefined;

interface Child {
  observe: (value: unknown) => void;
}

/**
 * Updates the cells of known label sets, past the client's functions, until the
 * result is called. The client itself handles new label sets, values and labels
 * that it may refuse, and methods that somebody has replaced.
 */
export function updateDirectly(
  metric: StoredMetric,
  { type, methods = {} }: { type: StoredType; methods?: Methods },
  target: DirectTarget,
): () => void {
  const updates = UPDATES[type];
  const restores: Restore[] = [];
  /** Absent after the end: an application may have kept functions. */
  let direct: DirectTarget | undefined = target;

  function replace(name: string, method: Method): void {
    if (!isReplaceable(metric, name)) return;
    const own = Object.getOwnPropertyDescriptor(metric, name);
    const found = own ? own.value : Reflect.get(metric, name);
    if (found === method) {
      const instead = insteadOf(name, method, own !== undefined);
      const value = name === "labels"
        ? makeLabels(method, instead)
        : makeUpdate(name, method, instead);
      restores.push(override(metric, name, { writable: true, value }));
    } else if (own === undefined && found === undefined) {
      // A running constructor sets it later.
      const restore = override(metric, name, {
        get: () => undefined,
        set: (set: unknown) => {
          restore();
          Reflect.set(metric, name, set);
          if (direct !== undefined) replace(name, method);
        },
      });
      restores.push(restore);
    }
  }

  function insteadOf(name: string, method: Method, isOwn: boolean): Instead {
    const base = Object.getPrototypeOf(metric);
    return (called) => {
      if (called !== metric || direct === undefined) return method;
      // A patch of the class must not be bypassed.
      return isOwn || base[name] === method ? undefined : base[name];
    };
  }

  function makeUpdate(name: string, method: Method, instead: Instead): Method {
    const update = updates[name];
    // Like the client's method it has a name, and is no constructor.
    const { [method.name]: made } = {
      [method.name](this: unknown, given: unknown, by: unknown): unknown {
        const other = instead(this);
        if (other !== undefined) return other.call(this, given, by);
        const hasLabels = typeof given === "object" && given !== null;
        const labels = hasLabels ? given as RawLabels : undefined;
        const value = hasLabels ? by : given;
        const { series } = target;
        const entry = labels ? series.find(labels) : series.unlabelled;
        if (
          entry !== undefined &&
          (typeof value === "number" || value === undefined) &&
          update(target, entry, value, labels)
        ) return target.increased?.(entry);
        const result = method.call(this, given, by);
        // The update may have ended the mirror.
        if (entry === undefined) direct?.learn?.(labels);
        return result;
      },
    };
    return made;
  }

  /** Makes `labels()` of histograms, whose children call no other method. */
  function makeLabels(method: Method, instead: Instead): Method {
    const { labelNames } = metric;
    const makeObserve =
      (observe: Child["observe"], labels: RawLabels): Child["observe"] =>
      (value) => {
        const entry = direct?.series.find(labels);
        if (
          entry !== undefined && typeof value === "number" &&
          updates.observe(target, entry, value, labels)
        ) return;
        observe(value);
        if (entry === undefined) direct?.learn?.(labels);
      };
    return {
      labels(this: unknown, ...given: unknown[]): Child {
        const other = instead(this);
        const child = (other ?? method).apply(this, given) as Child;
        // A child has labels as an object, or as values in their order.
        const labels = typeof given[0] === "object"
          ? given[0] as RawLabels | null
          : Object.fromEntries(labelNames.map((name, i) => [name, given[i]]));
        if (other === undefined && labels !== null) {
          child.observe = makeObserve(child.observe, labels);
        }
        return child;
      },
    }.labels;
  }

  for (const [name, method] of Object.entries(methods)) replace(name, method);
  return () => {
    direct = undefined;
    for (const restore of restores) restore();
  };
}
