import { makeScrapeHandler } from "../../src/exposition/metrics_handler.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";
import * as client from "prom-client";
import { test } from "../_suite.ts";
import { scrape } from "./_scraping.ts";

/** A handler with one place, which a client has that has not taken its answer. */
function occupied() {
  const errors: string[] = [];
  const { handler, unsent } = makeScrapeHandler({
    registry: new client.Registry(),
    maxInFlight: 1,
    onError: (error) => errors.push(String(error)),
  });
  let isCut = false;
  const answer = unsent.add(new Uint8Array(9), () => isCut = true);
  return {
    handle: handler.handle,
    take: () => unsent.taken(answer),
    end: () => unsent.remove(answer),
    errors,
    get isCut() {
      return isCut;
    },
  };
}

test("a scrape gets 503 with Retry-After while others take their answers", async () => {
  const it = occupied();
  const timer = setInterval(it.take, 50);
  try {
    const refused = await scrape(it.handle);
    assertEquals(refused.status, 503);
    assertEquals(refused.headers.get("retry-after"), "1");
    assertEquals(it.isCut, false);
  } finally {
    clearInterval(timer);
    it.end();
  }
  assertEquals((await scrape(it.handle)).status, 200);
  assertEquals(it.errors, []);
});

test("a scrape gets the place of an answer that nobody takes", async () => {
  const it = occupied();
  assertEquals((await scrape(it.handle)).status, 200);
  assertEquals(it.isCut, true);
  assertEquals(it.errors.length, 1);
  assertStringIncludes(it.errors[0], "others wait for its place");
});

test("a scrape waits for a place that is free in a moment", async () => {
  const it = occupied();
  setTimeout(it.end, 100);
  assertEquals((await scrape(it.handle)).status, 200);
  assertEquals(it.isCut, false);
});
