import { metricsHandler } from "../../src/exposition/mod.ts";
import type { Registry } from "../../src/types.ts";
import { assertEquals } from "@std/assert";
import type * as promClient from "prom-client";
import { client } from "../_client.ts";
import { observingRegistry } from "../_observing.ts";
import { test } from "../_suite.ts";
import { turn } from "../_wait.ts";
import { scrape } from "./_scraping.ts";

/** The samples of an answer, without the package's own. */
const samplesIn = (text: string) =>
  text.split("\n").filter((line) => line !== "" && !/^(#|prom)/.test(line));

/** Metrics that a collector of another metric resets, and sets in two steps. */
class Filled {
  readonly registry = new client.Registry();
  readonly #labelled: promClient.Gauge<string>;
  readonly #plain: promClient.Gauge;
  readonly #counter: promClient.Counter;
  readonly #histogram: promClient.Histogram;
  /** The promises that the steps wait for. */
  gates = [Promise.resolve(), Promise.resolve()];
  value = 1;

  constructor() {
    const registers = [this.registry];
    this.#labelled = new client.Gauge({
      name: "labelled",
      help: "l",
      labelNames: ["a"],
      registers,
    });
    this.#plain = new client.Gauge({ name: "plain", help: "p", registers });
    this.#counter = new client.Counter({
      name: "c_total",
      help: "c",
      registers,
    });
    this.#histogram = new client.Histogram({
      name: "h",
      help: "h",
      buckets: [],
      registers,
    });
    // In the midst, so that there are metrics before and behind it.
    new client.Gauge({
      name: "filling",
      help: "f",
      registers,
      collect: async () => await this.#fill(),
    });
    new client.Gauge({ name: "last", help: "l", registers }).set(1);
  }

  async #fill(): Promise<void> {
    const { value } = this;
    for (
      const metric of [
        this.#labelled,
        this.#plain,
        this.#counter,
        this.#histogram,
      ]
    ) metric.reset();
    await this.gates[0];
    this.#labelled.set({ a: "1" }, value);
    await this.gates[1];
    this.#labelled.set({ a: "2" }, value);
    this.#plain.set(value);
    this.#counter.inc(value);
    this.#histogram.observe(value);
  }

  /** Resets a metric, and sets it again at once, as an application may. */
  setPlain(value: number): void {
    this.#plain.reset();
    this.#plain.set(value);
  }
}

const samples = (value: number, filling: string[]) => [
  `labelled{a="1"} ${value}`,
  `labelled{a="2"} ${value}`,
  `plain ${value}`,
  `c_total ${value}`,
  'h_bucket{le="+Inf"} 1',
  `h_sum ${value}`,
  "h_count 1",
  ...filling,
  "last 1",
];

test("metricsHandler() serves what a collector has set of other metrics, however long it took", async () => {
  const filled = new Filled();
  const handler = metricsHandler({
    registry: filled.registry as Registry,
    timeout: 60_000,
  });
  const gate = Promise.withResolvers<void>();
  filled.gates = [gate.promise, gate.promise];
  const answered = scrape(handler);
  for (let turns = 0; turns < 5; turns++) await turn();
  gate.resolve();
  assertEquals(samplesIn((await answered).text), samples(1, ["filling 0"]));
});

test("metricsHandler() serves no metric half that a collector resets and has not yet set again", async () => {
  const filled = new Filled();
  const handler = metricsHandler({
    registry: filled.registry as Registry,
    timeout: 20,
    onError() {},
  });
  const read = async () => samplesIn((await scrape(handler)).text);
  assertEquals(await read(), samples(1, ["filling 0"]));
  const gates = [0, 1].map(() => Promise.withResolvers<void>());
  filled.gates = gates.map(({ promise }) => promise);
  filled.value = 2;
  // The collector has reset all, then set one of them in part.
  assertEquals(await read(), samples(1, []));
  assertEquals(await read(), samples(1, []));
  gates[1].resolve();
  gates[0].resolve();
  await turn();
  filled.value = 3;
  assertEquals(await read(), samples(3, ["filling 0"]));
});

test("metricsHandler() serves no metric that a collector has set in part", async () => {
  const filled = new Filled();
  const registry = filled.registry as Registry;
  const handler = metricsHandler({ registry, timeout: 200, onError() {} });
  const read = async () => samplesIn((await scrape(handler)).text);
  await read();
  filled.gates[1] = new Promise(() => {});
  assertEquals(await read(), samples(1, []));
});

test("a collector that hangs keeps no metric from being served that is set again", async () => {
  const filled = new Filled();
  const registry = filled.registry as Registry;
  const handler = metricsHandler({ registry, timeout: 20, onError() {} });
  const read = async () => samplesIn((await scrape(handler)).text);
  await read();
  filled.gates[0] = new Promise(() => {});
  // After the second one it has run for longer than a scrape may take.
  for (let scrapes = 0; scrapes < 2; scrapes++) {
    assertEquals(await read(), samples(1, []));
  }
  filled.setPlain(9);
  const expected = samples(1, []);
  expected[2] = "plain 9";
  assertEquals(await read(), expected);
  filled.setPlain(10);
  expected[2] = "plain 10";
  assertEquals(await read(), expected);
});

for (const kind of ["synchronous", "asynchronous"]) {
  test(`metricsHandler() serves what a ${kind} collector observes in a summary`, async () => {
    const registry = observingRegistry(kind);
    const handler = metricsHandler({ registry: registry as Registry });
    for (const count of [1, 2]) {
      const { text } = await scrape(handler);
      assertEquals(samplesIn(text), [
        `s_sum ${count}`,
        `s_count ${count}`,
        "g 0",
      ]);
    }
  });
}
