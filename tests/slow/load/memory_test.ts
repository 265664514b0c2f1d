import { assert } from "@std/assert";
import { runtimeName } from "../../../src/runtime/detect.ts";
import { type ClientName, clientName } from "../../_client.ts";
import { runProgram } from "../../_spawn.ts";
import { test } from "../../_suite.ts";

/** The bytes that a label set may take of shared memory, its labels aside. */
const SHARED = { counter: 64, gauge: 64, histogram: 256 };

/**
 * How much more heap it may take than without a mirror: a fifth, and with gauges
 * of `prom-client` what they have in their place.
 */
const HEAP = { counter: 1.22, gauge: 1.3, histogram: 1.22 };

/**
 * More on Bun, which keeps a pair of functions for every property with a getter
 * of every object. The client's objects have one such property or, of gauges and
 * histograms of `prom-client`, another one that needs a function of its own.
 */
const HEAP_OF_BUN: Record<ClientName, typeof HEAP> = {
  // An entry of a counter keeps its text as well, which `inc()` yields.
  "prom-client": { counter: 1.6, gauge: 2.2, histogram: 1.35 },
  "@prometheus-io/client": { counter: 1.35, gauge: 1.35, histogram: 1.22 },
};

/** How many label sets there are. */
const SERIES = 20_000;

/**
 * How often it is measured at most. Garbage collectors leave megabytes behind in
 * some processes: the least counts, with and without a mirror.
 */
const ATTEMPTS = 3;

async function measure(type: string, ...args: string[]) {
  const given = [type, `${SERIES}`, ...args];
  const { stdout } = await runProgram("tests/programs/live_memory.ts", given);
  return JSON.parse(stdout) as { heap: number; cells: number };
}

for (const type of ["counter", "gauge", "histogram"] as const) {
  test(`a mirrored ${type} takes little more memory than before`, async () => {
    const allowed = runtimeName() === "bun"
      ? HEAP_OF_BUN[clientName][type]
      : HEAP[type];
    let [untouched, mirrored, ratio] = [Infinity, Infinity, Infinity];
    for (let n = 0; n < ATTEMPTS && ratio > allowed; n++) {
      untouched = Math.min(untouched, (await measure(type, "untouched")).heap);
      const { heap, cells } = await measure(type, "mirrored");
      assert(cells / SERIES <= SHARED[type], `${cells} bytes of shared memory`);
      mirrored = Math.min(mirrored, heap);
      ratio = mirrored / untouched;
    }
    assert(ratio <= allowed, `${ratio} times the heap`);
  });
}
