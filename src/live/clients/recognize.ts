import type { StoredMetric } from "../../clients/storage.ts";
import { describe } from "../../describe.ts";
import type { RegisteredMetric } from "../../types.ts";
import { liveClientJs } from "./client_js/store.ts";
import type { LiveClient } from "./live_client.ts";
import { livePromClient } from "./prom_client/hash_map.ts";

const CLIENTS: readonly LiveClient[] = [livePromClient, liveClientJs];

/** The methods of the classes whose storage is known, in both clients. */
const METHODS: Readonly<Record<string, readonly string[]>> = {
  counter: [
    "incWithoutExemplar",
    "incWithExemplar",
    "updateExemplar",
    "reset",
    "get",
    "labels",
    "remove",
  ],
  gauge: [
    "set",
    "reset",
    "inc",
    "dec",
    "setToCurrentTime",
    "startTimer",
    "get",
    "_getValue",
    "labels",
    "remove",
  ],
  histogram: [
    "observeWithoutExemplar",
    "observeWithExemplar",
    "updateExemplar",
    "get",
    "getForPromString",
    "reset",
    "zero",
    "startTimer",
    "labels",
    "remove",
  ],
};

/** Whose metric it is, or why its values cannot be kept in shared memory. */
export type Recognition =
  | { readonly client: LiveClient; readonly base: object }
  | { readonly reason: string };

/**
 * Finds out whose metric it is, by its shape: names of classes, and the sources
 * of methods, do not survive a minifier.
 */
export function recognize(metric: RegisteredMetric): Recognition {
  const { type } = metric as Partial<StoredMetric>;
  if (typeof type !== "string" || !Object.hasOwn(METHODS, type)) {
    return no("its type must be counter, gauge or histogram", type);
  }
  const methods = METHODS[type];
  const client = CLIENTS.find(({ property }) =>
    Object.hasOwn(metric, property)
  );
  const base = baseOf(metric, methods);
  if (client === undefined || base === undefined) {
    return no("its class must be, or extend, one of a known client", metric);
  }
  const isRead = ["get", "getForPromString"].every((name) =>
    Reflect.get(metric, name) === Reflect.get(base, name)
  );
  if (!isRead) return { reason: "it must not have a get() of its own" };
  const stored = Object.getOwnPropertyDescriptor(metric, client.property)!;
  if (
    !Object.isExtensible(metric) || !stored.configurable || !stored.writable
  ) return { reason: "it must not be frozen, or changed by somebody else" };
  if (!client.isKnown(stored.value)) {
    return {
      reason: `its ${client.property} must be as a known client makes it`,
    };
  }
  return { client, base };
}

function no(requirement: string, received: unknown): Recognition {
  return { reason: `${requirement}, received ${describe(received)}` };
}

/** Finds the client's own class in the chain of prototypes. */
function baseOf(
  metric: object,
  methods: readonly string[],
): object | undefined {
  for (
    let base = Object.getPrototypeOf(metric);
    base !== null;
    base = Object.getPrototypeOf(base)
  ) {
    if (methods.every((name) => Object.hasOwn(base, name))) return base;
  }
  return undefined;
}
