import { assert } from "@std/assert";
import { runtimeName } from "../../../src/runtime/detect.ts";
import { type ClientName, clientName } from "../../_client.ts";
import { runProgram } from "../../_spawn.ts";
import { test } from "../../_suite.ts";

/** The bytes that a label set may take of shared memory, its labels aside. */
const SHARED = { counter: 64, gauge: 64, histogram: 256 };

/**
 * How much more heap it may take than without a mirror: a fifth, and what the
 * garbage collectors leave behind. In some processes that is 2 MB with gauges of
 * `prom-client`, or 0.07 of them.
 */
const HEAP = { counter: 1.22, gauge: 1.3, histogram: 1.22 };

/**
 * More on Bun, which keeps a pair of functions for every property with a getter
 * of every object. The client's objects have one such property or, of gauges and
 * histograms of `prom-client`, another one that needs a function of its own.
 */
const HEAP_OF_BUN: Record<ClientName, typeof HEAP> = {
  "prom-client": { counter: 1.45, gauge: 2.2, histogram: 1.35 },
  "@prometheus-io/client": { counter: 1.35, gauge: 1.35, histogram: 1.22 },
};

async function measure(...args: string[]) {
  const { stdout } = await runProgram("tests/programs/live_memory.ts", args);
  return JSON.parse(stdout) as { heap: number; cells: number };
}

for (const type of ["counter", "gauge", "histogram"] as const) {
  test(`a mirrored ${type} takes little more memory than before`, async () => {
    const series = type === "histogram" ? 20_000 : 100_000;
    const untouched = await measure(type, `${series}`, "untouched");
    const mirrored = await measure(type, `${series}`, "mirrored");
    const shared = mirrored.cells / series;
    assert(shared <= SHARED[type], `${shared} bytes of shared memory`);
    const heap = mirrored.heap / untouched.heap;
    const allowed = runtimeName() === "bun"
      ? HEAP_OF_BUN[clientName][type]
      : HEAP[type];
    assert(heap <= allowed, `${heap} times the heap`);
  });
}
