/**
 * Leaves streams alone that a measured handler has returned to a caller that is
 * no server, and prints how many requests were counted, and are in progress, when
 * they are gone. The garbage collector must be at hand: `--expose-gc`.
 */
import { Registry } from "prom-client";
import { instrumentHandler } from "../../src/http/mod.ts";
import { progressOf } from "../http/_scrape.ts";
import { waitUntil } from "../_wait.ts";
import { heapUsed } from "./_heap.ts";

const COUNT = 20;

const registry = new Registry();
const handler = instrumentHandler(
  () =>
    new Response(
      new ReadableStream({
        pull: (controller) => controller.enqueue(new Uint8Array(1000)),
      }),
    ),
  { registry },
);
for (let n = 0; n < COUNT; n++) await handler(new Request("http://localhost/"));
const before = await progressOf(registry);
await waitUntil(60_000, "the streams are gone", async () => {
  await heapUsed();
  // Engines may hold on to the last of them.
  return (await progressOf(registry)).requests >= COUNT - 2;
});
const after = await progressOf(registry);
console.log(JSON.stringify({
  before,
  counted: after.requests + after.inprogress,
  isOver: after.inprogress <= 2,
}));
