import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { instrumentHandler } from "../../src/http/mod.ts";
import {
  countExceptions,
  time,
  trackInprogress,
} from "../../src/wrappers/mod.ts";
import { FakeGauge, FakeObserver } from "../_fakes.ts";
import { test } from "../_suite.ts";
import { withMetadata } from "./_metadata.ts";

const timed = time(new FakeObserver());
const counted = countExceptions(new FakeGauge());
const tracked = trackInprogress(new FakeGauge());

/** A function of each kind. */
const FUNCTIONS: readonly (() => unknown)[] = [
  async () => await Promise.resolve(),
  function () {},
  function* () {
    yield 1;
  },
  { method() {} }.method,
];

test("a wrapper shows the metadata of what it wraps, then and later", async () => {
  await withMetadata(({ defineMetadata, getMetadata, getOwnMetadataKeys }) => {
    for (const wrap of [timed, counted, tracked]) {
      for (const fn of FUNCTIONS) {
        const roles = ["admin"];
        defineMetadata("path", "/users", fn);
        defineMetadata("roles", roles, fn);
        const wrapped = wrap(fn);
        assertEquals(getOwnMetadataKeys(wrapped), getOwnMetadataKeys(fn));
        assertStrictEquals(getMetadata("roles", wrapped), roles);
        const later = Symbol("later");
        defineMetadata(later, 1, fn);
        assertEquals(getMetadata(later, wrapped), 1);
      }
    }
  });
});

test("metadata of a wrapper are not those of what it wraps", async () => {
  await withMetadata(({ defineMetadata, getMetadata, getOwnMetadataKeys }) => {
    for (const fn of FUNCTIONS) {
      defineMetadata("path", "/users", fn);
      const before = getOwnMetadataKeys(fn);
      const wrapped = timed(fn);
      defineMetadata("guards", [], wrapped);
      defineMetadata("path", "/others", wrapped);
      assertEquals(getOwnMetadataKeys(fn), before);
      assertEquals(getMetadata("path", fn), "/users");
      assertEquals(getMetadata("path", wrapped), "/others");
    }
  });
});

test("nested wrappers show the metadata of all that they wrap", async () => {
  await withMetadata(({ defineMetadata, getMetadata }) => {
    const fn = () => {};
    defineMetadata("fn", 1, fn);
    const inner = tracked(fn);
    defineMetadata("inner", 2, inner);
    const middle = counted(inner);
    const outer = timed(middle);
    defineMetadata("middle", 3, middle);
    defineMetadata("later", 4, fn);
    assertEquals(
      ["fn", "inner", "middle", "later"].map((key) => getMetadata(key, outer)),
      [1, 2, 3, 4],
    );
  });
});

test("wrappers stay of their kind beside metadata", async () => {
  await withMetadata(() => {
    for (const fn of FUNCTIONS) {
      const wrapped = timed(fn);
      assertEquals(
        Object.prototype.toString.call(wrapped),
        Object.prototype.toString.call(fn),
      );
      assertStrictEquals(wrapped.constructor, fn.constructor);
      assert(wrapped instanceof Function);
    }
  });
});

test("an instrumented handler shows the metadata of the handler", async () => {
  await withMetadata(({ defineMetadata, getMetadata }) => {
    const handler = (_: Request) => new Response();
    defineMetadata("path", "/users", handler);
    const registry = { getMetricsAsArray: () => [], registerMetric() {} };
    const instrumented = instrumentHandler(handler, { registry });
    assertEquals(getMetadata("path", instrumented), "/users");
  });
});
