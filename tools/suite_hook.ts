/**
 * Attaches mirrors to the registries of a client's own test suite. Its tests load
 * this module as `client_suites.ts` has bundled it. On Node.
 */
import process from "node:process";
import { Mirror } from "../src/live/mirror.ts";
import type { RegisteredMetric, Registry } from "../src/types.ts";
import type { MirrorMode, SuiteEvent } from "./suite_transform.ts";

/** When mirrors are attached, and where that is reported. */
export interface HookOptions {
  readonly mode: MirrorMode;
  /** The seed of the random moments. */
  readonly seed: number;
  /** A file that gets a line of JSON for each {@linkcode SuiteEvent}. */
  readonly events: string;
}

/** The registry module of a client: a class that has an instance already. */
interface RegistryClass {
  readonly prototype: Registry;
  readonly globalRegistry: Registry;
}

/** Attaches a mirror to a registry, or closes the one that is attached. */
type Change = () => void;

/** The registries of one file of tests, and its random numbers. */
interface Suite {
  readonly changes: Change[];
  readonly random: () => number;
}

/** Tests may load several copies of this module; they share these. */
const shared = globalThis as typeof globalThis & {
  mirroredSuite?: Suite;
  /** Called before each statement of the tests. */
  changeMirrors?: () => void;
};

/** The probability that a statement changes a mirror. */
const CHANCE = 0.3;

/** Mirrors the registries of a class: its global one, and all that it makes. */
export function install(
  { prototype, globalRegistry }: RegistryClass,
  { mode, seed, events }: HookOptions,
): void {
  const { changes, random } = shared.mirroredSuite ??= beginSuite(seed);
  const add = (registry: Registry) => {
    const change = mirrorOf(registry, events);
    changes.push(change);
    if (mode === "eager" || random() < 0.5) change();
  };
  // The constructors of both clients set this property last.
  Object.defineProperty(prototype, "_contentType", {
    set(this: Registry, value: unknown) {
      Object.defineProperty(this, "_contentType", {
        configurable: true,
        enumerable: true,
        writable: true,
        value,
      });
      add(this);
    },
  });
  add(globalRegistry);
}

function beginSuite(seed: number): Suite {
  const random = randomNumbers(seed);
  const changes: Change[] = [];
  shared.changeMirrors = () => {
    if (random() < CHANCE) changes[Math.floor(random() * changes.length)]?.();
  };
  return { changes, random };
}

/** Yields the same numbers below 1 for the same seed. */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    // The linear congruential generator of "Numerical Recipes".
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function mirrorOf(registry: Registry, events: string): Change {
  const counted = new WeakSet<RegisteredMetric>();
  let mirror: Mirror | undefined;
  const report = (event: SuiteEvent) => {
    // No import: tests replace built-in modules by mocks.
    const { appendFileSync } = process.getBuiltinModule("node:fs");
    appendFileSync(events, `${JSON.stringify(event)}\n`);
  };
  const count = () => {
    if (mirror === undefined) return;
    const notLive = new Set(mirror.notLive.map(({ name }) => name));
    for (const metric of registry.getMetricsAsArray()) {
      if (counted.has(metric)) continue;
      counted.add(metric);
      report({ live: !notLive.has(String(metric.name)) });
    }
  };
  return () => {
    if (mirror !== undefined) {
      mirror.close();
      mirror = undefined;
      return;
    }
    mirror = new Mirror({
      registries: [registry],
      onError: (error) => report({ error: String(error) }),
      // Later: the metric is not complete yet.
      onChange: () => void Promise.resolve().then(count),
    });
    report({ attached: true });
    count();
  };
}
