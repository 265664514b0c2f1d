import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { CollectorError } from "../../src/errors.ts";
import { client } from "../_client.ts";
import { anHourLater } from "../_fakes.ts";
import { test } from "../_suite.ts";
import { waitUntil } from "../_wait.ts";
import { ageOf, countingGauge, RESPONSIVE } from "./_collectors.ts";
import { block, PATIENT_MS, scrape, valueOf, withThread } from "./_threads.ts";

const { Counter, Gauge, Registry } = client;

function failuresOf(text: string, collector: string, failure: string): number {
  const labels = `{collector="${collector}",failure="${failure}"}`;
  return valueOf(
    text,
    `prometheus_async_collector_failures_total${labels}`,
  ) ?? 0;
}

/** The request of a scraper that waits for so many seconds. */
const scrapeFor = (seconds: number) => ({
  headers: { "x-prometheus-scrape-timeout-seconds": String(seconds) },
});

test("a collector that hangs costs a scrape its deadline once, and nothing else", async () => {
  const registry = new Registry();
  const registers = [registry];
  const counter = new Counter({ name: "c_total", help: "c", registers });
  const hang = Promise.withResolvers<void>();
  let isHanging = false;
  const hanging = new Gauge({
    name: "hanging",
    help: "h",
    registers,
    collect() {
      return isHanging ? hang.promise : undefined;
    },
  });
  hanging.set(7);
  const other = countingGauge(registry, "other");
  const errors: unknown[] = [];
  const onError = (error: unknown) => void errors.push(error);
  // Far more than the others take, even if the machine stalls meanwhile.
  const patience = scrapeFor(5);
  await withThread({ registry, onError }, async (server) => {
    assertEquals(valueOf(await scrape(server), "hanging"), 7);
    isHanging = true;
    counter.inc();
    const startedAt = performance.now();
    const first = await scrape(server, patience);
    const took = performance.now() - startedAt;
    // That is less a margin, and timers may be a little early.
    assert(took >= 4000, "the deadline was not used");
    assertEquals(failuresOf(first, "hanging", "timeout"), 1);
    // Its last value is served, and all others are as they are.
    assertEquals(valueOf(first, "hanging"), 7);
    assertEquals(valueOf(first, "c_total"), 1);
    assertEquals(valueOf(first, "other"), other.count);
    assertEquals(valueOf(first, RESPONSIVE), 1);
    // To wait for it once more would take this one ten minutes: by the clock of
    // this thread, which tells how long a collector runs, it had as long.
    const hasty = { signal: AbortSignal.timeout(PATIENT_MS) };
    const second = await anHourLater(() =>
      scrape(server, { ...scrapeFor(600), ...hasty })
    );
    assertEquals(failuresOf(second, "hanging", "timeout"), 2);
    assert(ageOf(second, "hanging")! > ageOf(second, "other")!);
    await waitUntil(
      PATIENT_MS,
      "both failures are told",
      () => errors.length === 2,
    );
    const [error] = errors as CollectorError[];
    assert(error instanceof CollectorError);
    assertEquals([error.collector, error.failure], ["hanging", "timeout"]);
    // It was told that it takes too long; how it ends is not told, too.
    isHanging = false;
    hang.reject(new Error("too late"));
    await waitUntil(
      PATIENT_MS,
      "it is collected again",
      async () => ageOf(await scrape(server), "hanging")! < 1,
    );
    assertEquals(failuresOf(await scrape(server), "hanging", "error"), 0);
  });
});

test("a collector that throws is named, and its error is the application's own", async () => {
  const registry = new Registry();
  const cause = Object.assign(new Error("no luck"), { own: { deep: true } });
  const throwing = new Gauge({
    name: "throwing",
    help: "t",
    registers: [registry],
    collect() {
      throw cause;
    },
  });
  throwing.set(3);
  const errors: CollectorError[] = [];
  const onError = (error: unknown) => void errors.push(error as CollectorError);
  await withThread({ registry, onError }, async (server) => {
    const text = await scrape(server);
    assertEquals(valueOf(text, "throwing"), 3);
    assertEquals(failuresOf(text, "throwing", "error"), 1);
    await waitUntil(PATIENT_MS, "it is told", () => errors.length === 1);
    assertEquals(errors[0].cause, cause);
  });
  await withThread({ registry, failOnError: true, onError }, async (server) => {
    assertStringIncludes(await scrape(server), "500 ");
  });
});

test("a failure that comes after its scrape is counted in the next one", async () => {
  const registry = new Registry();
  new Gauge({
    name: "busy",
    help: "b",
    registers: [registry],
    collect() {
      block(500);
      throw new Error("no luck");
    },
  });
  const errors: unknown[] = [];
  const options = {
    registry,
    refreshTimeout: 50,
    onError: (error: unknown) => void errors.push(error),
  };
  await withThread(options, async (server) => {
    await waitUntil(
      PATIENT_MS,
      "it is counted",
      async () => failuresOf(await scrape(server), "busy", "error") > 0,
    );
    await waitUntil(PATIENT_MS, "it is told", () => errors.length > 0);
  });
});
