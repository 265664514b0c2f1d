import { metricsHandler } from "../../src/exposition/mod.ts";
import { Deadline } from "../../src/runtime/wait.ts";
import { gather } from "../../src/gather/gather.ts";
import type { Gathering } from "../../src/gather/gather.ts";
import type { Registry } from "../../src/types.ts";
import {
  assert,
  assertEquals,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import { client } from "../_client.ts";
import { withSetClock } from "../_fakes.ts";
import { test } from "../_suite.ts";
import { turn } from "../_wait.ts";
import { registryOf } from "./_collecting.ts";
import { reporting, scrape } from "./_scraping.ts";

/** Lets the event loop turn, more often than whoever is ready needs. */
async function turns(): Promise<void> {
  for (let n = 0; n < 10; n++) {
    await turn();
  }
}

test("metricsHandler() runs the collector of a metric once that is in two registries", async () => {
  let runs = 0;
  const registries = [new client.Registry(), new client.Registry()];
  new client.Gauge({
    name: "shared",
    help: "shared",
    registers: registries,
    async collect() {
      await turns();
      this.set(++runs);
    },
  });
  registries[1].setDefaultLabels({ of: "second" });
  const { text } = await scrape(metricsHandler({ registry: registries }));
  assertStringIncludes(text, 'shared 1\nshared{of="second"} 1\n');
  assertEquals(runs, 1);
});

test("metricsHandler() runs each collector once for scrapes that overlap", async () => {
  let runs = 0;
  const asked = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const { handler } = reporting(registryOf({
    async shared() {
      runs++;
      asked.resolve();
      await gate.promise;
      this.set(runs);
    },
  }));
  const scrapes = [
    scrape(handler),
    scrape(handler, { accept: "application/openmetrics-text" }),
    scrape(metricsHandler({ registry: [registryOf({}), registryOf({})] })),
  ];
  // This one starts while the others wait.
  await asked.promise;
  await turns();
  scrapes.push(scrape(handler));
  await turns();
  gate.resolve();
  const [first, second, , third] = await Promise.all(scrapes);
  for (const { text } of [first, second, third]) {
    assertStringIncludes(text, "shared 1\n");
  }
  assertEquals(runs, 1);
  await scrape(handler);
  assertEquals(runs, 2);
});

test("metricsHandler() reads a metric when the collector of another has set it", async () => {
  const registry = new client.Registry();
  const registers = [registry];
  const set = new client.Gauge({ name: "set", help: "Set", registers });
  let scrapes = 0;
  new client.Gauge({
    name: "sets",
    help: "Sets",
    registers,
    async collect() {
      await turns();
      this.set(++scrapes);
      set.set(scrapes);
    },
  });
  const { handler } = reporting(registry);
  for (const n of [1, 2]) {
    const { text } = await scrape(handler);
    assertStringIncludes(text, `\nset ${n}\n`);
    assertStringIncludes(text, `\nsets ${n}\n`);
  }
});

test("metricsHandler() never reads a metric half-way through the next run of its collector", async () => {
  const registry = new client.Registry();
  const registers = [registry];
  const slow: PromiseWithResolvers<void>[] = [];
  const gates: PromiseWithResolvers<void>[] = [];
  new client.Gauge({
    name: "slow",
    help: "Slow",
    registers,
    collect(): Promise<void> {
      slow.push(Promise.withResolvers());
      return slow.at(-1)!.promise;
    },
  });
  new client.Gauge({
    name: "set_anew",
    help: "Set",
    labelNames: ["n"],
    registers,
    async collect() {
      this.reset();
      gates.push(Promise.withResolvers());
      await gates.at(-1)!.promise;
      for (const n of [1, 2, 3]) this.set({ n }, n);
    },
  });
  const { handler } = reporting(registry);
  const series = ({ text }: { text: string }) =>
    text.match(/^set_anew\{/gm)?.length ?? 0;
  const first = scrape(handler);
  await turns();
  gates[0].resolve();
  await turns();
  // This one resets what the first has collected, but not answered yet. In the
  // same format it would share the answer.
  const second = scrape(handler, { accept: "application/openmetrics-text" });
  await turns();
  assertEquals([slow.length, gates.length], [1, 2]);
  slow[0].resolve();
  assertEquals(series(await first), 3);
  gates[1].resolve();
  assertEquals(series(await second), 3);
});

/** Gathers everything, without haste. */
function gatherAll(registry: Registry) {
  const deadline = new Deadline(600_000);
  return gather([registry], { deadline });
}

test("gather() reads a large metric once for scrapes that overlap", async () => {
  const registry = new client.Registry();
  const labelNames = ["n"];
  const registers = [registry];
  const large = new client.Gauge({
    name: "large",
    help: "Large",
    labelNames,
    registers,
  });
  // To read them for the first time takes longer than the event loop may wait.
  for (let n = 0; n < 50_000; n++) large.set({ n: String(n) }, n);
  const both = await Promise.all([gatherAll(registry), gatherAll(registry)]);
  const [first, second] = both.map(({ families: [family] }) => family);
  assertStrictEquals(first, second);
  const { families: [third] } = await gatherAll(registry);
  assert(third !== first, "it was not read again");
});

test("gather() leaves what it has yielded as it was", async () => {
  const registry = new client.Registry();
  const registers = [registry];
  const gauges = Array.from({ length: 2000 }, (_, n) => {
    const gauge = new client.Gauge({ name: `g${n}`, help: "G", registers });
    gauge.set(n);
    return gauge;
  });
  const valuesOf = ({ families }: Gathering) =>
    families.map(({ values }) => Array.from(values));
  const first = await gatherAll(registry);
  const values = valuesOf(first);
  assertEquals(values, gauges.map((_, n) => [n]));
  for (const gauge of gauges) gauge.set(-1);
  assertEquals(valuesOf(await gatherAll(registry)), gauges.map(() => [-1]));
  assertEquals(valuesOf(first), values);
});

test("metricsHandler() shares what was read for as long as it may be coalesced", async () => {
  let runs = 0;
  const registry = registryOf({
    counted() {
      this.set(++runs);
    },
  });
  const eager = metricsHandler({ registry });
  const coalescing = metricsHandler({ registry, coalesce: 60_000 });
  await withSetClock(async (clock) => {
    for (const accept of ["*/*", "application/openmetrics-text", "*/*"]) {
      assertStringIncludes(
        (await scrape(coalescing, { accept })).text,
        "counted 1\n",
      );
    }
    assertStringIncludes((await scrape(eager)).text, "counted 2\n");
    clock.ms += 59_999;
    // A kept answer stays as it is, although others have read since.
    assertStringIncludes((await scrape(coalescing)).text, "counted 1\n");
    const openMetrics = {
      accept: "application/openmetrics-text;version=0.0.1",
    };
    const { text } = await scrape(coalescing, openMetrics);
    assertStringIncludes(text, "counted 2\n");
    clock.ms++;
    assertStringIncludes((await scrape(coalescing)).text, "counted 3\n");
  });
});

test("metricsHandler() does not coalesce what has failed", async () => {
  let runs = 0;
  const { handler } = reporting(
    registryOf({
      flaky() {
        if (++runs === 1) throw new Error("not yet");
        this.set(runs);
      },
    }),
    { coalesce: 60_000 },
  );
  assertEquals(/^flaky /m.test((await scrape(handler)).text), false);
  for (let n = 0; n < 2; n++) {
    assertStringIncludes((await scrape(handler)).text, "flaky 2\n");
  }
});
