import { scrapeTimeout } from "../../src/exposition/scrape_request.ts";
import type { Deadline } from "../../src/runtime/wait.ts";
import { gather } from "../../src/gather/gather.ts";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import { withHeldTimers, withSetClock } from "../_fakes.ts";
import { test } from "../_suite.ts";
import { turn, waitUntil } from "../_wait.ts";
import { registryOf } from "./_collecting.ts";
import { failures, reporting, scrape } from "./_scraping.ts";

/** Lets the event loop turn until a condition holds. */
async function turnUntil(what: string, condition: () => boolean) {
  for (let turns = 0; !condition(); turns++) {
    assert(turns < 10_000, `${what}, in vain`);
    await turn();
  }
}

test("metricsHandler() answers within the scrape's timeout, whatever hangs", async () => {
  let hanging = 0;
  const gate = Promise.withResolvers<void>();
  const { handler, errors } = reporting(
    registryOf({
      throws() {
        throw new Error("no");
      },
      hangs() {
        hanging++;
        return new Promise(() => {});
      },
      async slow() {
        await gate.promise;
        this.set(3);
      },
    }),
    { timeout: 60_000 },
  );
  const headers = { "x-prometheus-scrape-timeout-seconds": "4" };
  await withSetClock((clock) =>
    withHeldTimers(async (timers) => {
      let isAnswered = false;
      const startedAt = clock.ms;
      const answered = scrape(handler, headers);
      answered.finally(() => isAnswered = true);
      // Time passes here alone.
      const endWait = async () => {
        await turnUntil("it waits", () => timers.size > 0);
        assertEquals(isAnswered, false);
        const [timer] = timers;
        clock.ms += timer.ms;
        timer.end();
      };
      gate.resolve();
      await turnUntil("it goes on waiting", () => timers.size > 0);
      while (clock.ms < startedAt + 3600) await endWait();
      // Less a tenth, which is for the way.
      assertEquals(clock.ms, startedAt + 3600);
      const { status, text } = await answered;
      assertEquals(status, 200);
      assertStringIncludes(text, "slow 3\n");
      assertStringIncludes(text, "steady 1\n");
      assertStringIncludes(text, failures("hangs", "timeout", 1));
      assertStringIncludes(text, failures("throws", "error", 1));
      assertEquals(errors.map(({ failure }) => failure), ["error", "timeout"]);

      // It is not started again, and not waited for again.
      await scrape(handler, headers);
      assertEquals(hanging, 1);
      assertStringIncludes(errors.at(-1)!.message, "it runs for");
    })
  );
});

test("gather() does not wait again for who had as long as this scrape has", async () => {
  let hanging = 0;
  const registry = registryOf({
    hangs() {
      hanging++;
      return new Promise(() => {});
    },
  });
  // Nobody waits for as long as that: how long a scrape has is only compared.
  const gatherWithin = (ms: number) => {
    const waited: unknown[] = [];
    const waitFor = (promise: Promise<unknown>) => {
      waited.push(promise);
      // Longer than the second one has, on any machine.
      return Promise.race([promise.then(() => true), sleep(20, false)]);
    };
    const deadline = { ms, waitFor } as unknown as Deadline;
    return gather([registry], {
      names: ["hangs"],
      deadline,
    })
      .then(({ failures }) => [waited.length, failures[0].failure]);
  };
  assertEquals(await gatherWithin(600_000), [1, "timeout"]);
  assertEquals(await gatherWithin(10), [0, "timeout"]);
  // One that has more time does.
  assertEquals(await gatherWithin(600_000), [1, "timeout"]);
  assertEquals(hanging, 1);
});

test("metricsHandler() runs a collector again that has ended after all", async () => {
  let { promise, resolve } = Promise.withResolvers<void>();
  let runs = 0;
  const { handler } = reporting(
    registryOf({
      async late() {
        runs++;
        await promise;
        this.set(runs);
      },
    }),
    { timeout: 20 },
  );
  assertEquals(/^late /m.test((await scrape(handler)).text), false);
  assertEquals(/^late /m.test((await scrape(handler)).text), false);
  assertEquals(runs, 1);
  resolve();
  ({ promise, resolve } = Promise.withResolvers<void>());
  resolve();
  // On a busy machine it may run more than once before it is in time.
  await waitUntil(60_000, "the collector runs again", async () => {
    const { text } = await scrape(handler);
    return runs > 1 && text.includes(`late ${runs}\n`);
  });
});

test("scrapeTimeout() leaves time to answer before the scraper gives up", () => {
  const cases: [
    header: string | null,
    limit: number | undefined,
    ms: number,
  ][] = [
    [null, undefined, 10_000],
    [null, 250, 250],
    ["1", undefined, 900],
    ["1.000000", undefined, 900],
    ["0.5", undefined, 450],
    ["0.2", undefined, 150],
    ["0.06", undefined, 30],
    ["10", undefined, 9_500],
    ["60", undefined, 59_500],
    ["1", 250, 250],
    ["1", 60_000, 900],
    ["1e9", undefined, 599_500],
    ["Infinity", undefined, 599_500],
    ["Infinity", 1_000, 1_000],
    // Headers that say nothing.
    ["0", undefined, 10_000],
    ["-1", undefined, 10_000],
    ["soon", undefined, 10_000],
    ["", 250, 250],
    ["NaN", undefined, 10_000],
  ];
  for (const [header, limit, ms] of cases) {
    assertEquals(scrapeTimeout(header, limit), ms, `${header}, ${limit}`);
  }
});

test("metricsHandler() keeps to the shorter of the scraper's timeout and its own", async () => {
  for (const [timeout, header] of [[10, "600"], [600_000, "0.02"]] as const) {
    const { handler } = reporting(
      registryOf({ hangs: () => new Promise(() => {}) }),
      { timeout },
    );
    const { text } = await scrape(handler, {
      "x-prometheus-scrape-timeout-seconds": header,
    });
    assertStringIncludes(text, failures("hangs", "timeout", 1));
  }
});
