import { assertEquals } from "@std/assert";
import { unitOf } from "../../src/runtime/collections.ts";
import { test } from "../_suite.ts";

test("unitOf() finds nanoseconds where microseconds do not fit into the time", () => {
  // Two collections of 0.4 ms within 100 ms.
  assertEquals(unitOf([400_000, 400_000], 100), 1e-9);
});

test("unitOf() finds microseconds where no collection is as short in nanoseconds", () => {
  assertEquals(unitOf([400, 812.3], 100), 1e-6);
});

test("unitOf() finds nothing where both may be", () => {
  assertEquals(unitOf([], 100), undefined);
  // 0.05 ms, or 50 ms.
  assertEquals(unitOf([50_000], 100), undefined);
  // 5 µs on a fast machine, or 5 ms.
  assertEquals(unitOf([5000], 100), undefined);
});
