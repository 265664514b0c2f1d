/**
 * Serves a measured application with the runtime's own server, and asks it by
 * autocannon as often as the first argument says, every other time for a stream.
 * Prints what was counted of that, and by how many bytes the heap has grown
 * with each part but the first. The garbage collector must be at hand: `--expose-gc`.
 */
import autocannon from "autocannon";
import { Hono } from "hono";
import { streamText } from "hono/streaming";
import process from "node:process";
import { Registry } from "prom-client";
import { prometheus } from "../../src/hono/mod.ts";
import { progressOf, samplesOf } from "../http/_scrape.ts";
import { type Handler, serveNatively } from "../http/_serving.ts";
import { waitUntil } from "../_wait.ts";
import { heapUsed } from "./_heap.ts";

const amount = Number(process.argv[2]);

/** Between so many parts the heap is measured. */
const PARTS = 5;

const registry = new Registry();
const app = new Hono();
app.use(prometheus({ registry }));
app.get("/users/:id", (c) => c.text("hello"));
app.get(
  "/streams/:id",
  (c) => streamText(c, async (stream) => void await stream.write("hello")),
);

const { url, close } = await serveNatively(app.fetch as Handler);

/** Asks a part of all; yields how often that was answered well. */
async function askSome(): Promise<number> {
  const { "2xx": answered } = await autocannon({
    url,
    amount: amount / PARTS,
    connections: 20,
    requests: [{ path: "/users/1" }, { path: "/streams/1" }],
  });
  await waitUntil(
    60_000,
    "all responses have ended",
    async () => (await progressOf(registry)).inprogress === 0,
  );
  return answered;
}

let answered = 0;
const heap: number[] = [];
for (let part = 0; part < PARTS; part++) {
  answered += await askSome();
  heap.push(await heapUsed());
}
console.log(JSON.stringify({
  answered,
  grown: heap.slice(1).map((bytes, n) => bytes - heap[n]),
  ...await progressOf(registry),
  samples: await samplesOf(registry, "http_requests_total"),
}));
await close();
process.exit();
