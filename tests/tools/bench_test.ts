import { assertEquals } from "@std/assert";
import type { CaseResult, Result } from "../../tools/bench_result.ts";
import { type Goal, missOf, STRICT } from "../../tools/bench_goals.ts";
import {
  type BenchRecord,
  mergeRecord,
  whyApart,
} from "../../tools/bench_record.ts";
import { test } from "../_suite.ts";

function resultOf(measured: Partial<CaseResult>, name = "ways"): Result {
  const base = { median: 100, ratio: 1, spread: [1, 1] as [number, number] };
  return {
    name,
    unit: "ns",
    baseline: "by hand",
    cases: { wrapped: { ...base, more: 0, ...measured } },
  };
}

function missed(goal: Goal, measured: Partial<CaseResult>, strictness = {}) {
  const result = resultOf(measured);
  const how = { ...STRICT, ...strictness };
  return missOf("bun", result, "wrapped", goal, how) !== undefined;
}

test("missOf() compares the figure that the goal is about", () => {
  assertEquals(missed({ ratio: 1.05 }, { ratio: 1.05, more: 1e9 }), false);
  assertEquals(missed({ ratio: 1.05 }, { ratio: 1.06 }), true);
  assertEquals(missed({ more: 20 }, { more: 20, ratio: 9 }), false);
  assertEquals(missed({ more: 20 }, { more: 21 }), true);
  assertEquals(missed({ median: 5e6 }, { median: 5e6, ratio: 9 }), false);
  assertEquals(missed({ median: 5e6 }, { median: 5.1e6 }), true);
  assertEquals(missed({ ratio: 1 }, { ratio: NaN }), true);
});

test("missOf() lets pass what is above the goal by no more than the tolerance", () => {
  const tolerance = 1.25;
  assertEquals(missed({ ratio: 1 }, { ratio: 1.25 }, { tolerance }), false);
  assertEquals(missed({ ratio: 1 }, { ratio: 1.26 }, { tolerance }), true);
});

test("missOf() applies the goal of the runtime", () => {
  const goal: Goal = { ratio: 1.1, on: { bun: { ratio: 1.5 } } };
  assertEquals(missed(goal, { ratio: 1.5 }), false);
  const other: Goal = { ratio: 1.1, on: { deno: { ratio: 1.5 } } };
  assertEquals(missed(other, { ratio: 1.5 }), true);
});

test("missOf() lets pass what is known to be missed only if it is told to", () => {
  const goal: Goal = { ratio: 1, known: { bun: 1.4 } };
  assertEquals(missed(goal, { ratio: 1.4 }), true);
  const known = { acceptsKnown: true };
  assertEquals(missed(goal, { ratio: 1.4 }, known), false);
  assertEquals(missed(goal, { ratio: 1.41 }, known), true);
  const elsewhere: Goal = { ratio: 1, known: { deno: 1.4 } };
  assertEquals(missed(elsewhere, { ratio: 1.4 }, known), true);
});

test("missOf() has another limit for short runs of what takes a quiet machine", () => {
  const goal: Goal = { ratio: 1.3, short: { median: 1000 } };
  assertEquals(missed(goal, { ratio: 9, median: 900 }), true);
  const short = { isShort: true };
  assertEquals(missed(goal, { ratio: 9, median: 900 }, short), false);
  assertEquals(missed(goal, { ratio: 1, median: 1100 }, short), true);
  // `known` is in the figure of the goal itself.
  const known = { ...short, acceptsKnown: true };
  const both: Goal = { more: 15, short: { ratio: 1.2 }, known: { bun: 40 } };
  assertEquals(missed(both, { ratio: 1.3, more: 10 }, known), true);
});

test("missOf() says what was not measured, and by how much a goal is missed", () => {
  const say = (name: string) =>
    missOf("deno", resultOf({ ratio: 1.2 }), name, { ratio: 1 }, STRICT);
  assertEquals(say("wrapped"), "ratio 1.20, the goal is 1");
  assertEquals(say("renamed"), "not measured");
});

const recorded = (name: string, ratio = 1) => ({
  ...resultOf({ ratio }, name),
  file: "bench/a.ts",
  date: "2026-01-01",
});

const OLD: BenchRecord = {
  machine: "a machine",
  packages: ["prom-client 1"],
  runtimes: {
    deno: { version: "1.0.0", results: [recorded("a"), recorded("b")] },
    node: { version: "1.0.0", results: [recorded("a")] },
  },
};

function mergedNames(measured: Partial<BenchRecord>, old?: BenchRecord) {
  const merged = mergeRecord(old, { ...OLD, ...measured });
  return Object.fromEntries(
    Object.entries(merged.runtimes).map(([runtime, { results }]) => [
      runtime,
      results.map(({ name, cases }) => `${name} ${cases.wrapped.ratio}`),
    ]),
  );
}

const deno = (version: string, ...names: string[]) => ({
  deno: { version, results: names.map((name) => recorded(name, 2)) },
});

test("mergeRecord() replaces the comparisons that were measured again", () => {
  const runtimes = deno("1.0.0", "b", "c");
  assertEquals(mergedNames({ runtimes }, OLD), {
    deno: ["a 1", "b 2", "c 2"],
    node: ["a 1"],
  });
  assertEquals(mergedNames({ runtimes }), { deno: ["b 2", "c 2"] });
});

test("whyApart() tells results apart that say nothing beside each other", () => {
  const why = (measured: Partial<BenchRecord>) =>
    whyApart(OLD, { ...OLD, ...measured });
  assertEquals(why({}), undefined);
  assertEquals(why({ runtimes: deno("1.0.0", "c") }), undefined);
  assertEquals(why({ runtimes: deno("2.0.0", "c") }), "it is of deno 1.0.0");
  assertEquals(why({ machine: "another" }), 'it is of "a machine"');
  assertEquals(
    why({ packages: ["prom-client 2"] }),
    "it has another version than prom-client 2",
  );
});
