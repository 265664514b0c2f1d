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
import { type Handler, serveNatively } from "../http/_serving.ts";
import { PARTS, printLoad } from "./_load.ts";

const amount = Number(process.argv[2]);

const registry = new Registry();
const app = new Hono();
app.use(prometheus({ registry }));
app.get("/users/:id", (c) => c.text("hello"));
app.get(
  "/streams/:id",
  (c) => streamText(c, async (stream) => void await stream.write("hello")),
);

const { url, close } = await serveNatively(app.fetch as Handler);

await printLoad(registry, async () => {
  const { "2xx": answered } = await autocannon({
    url,
    amount: amount / PARTS,
    connections: 20,
    requests: [{ path: "/users/1" }, { path: "/streams/1" }],
  });
  return answered;
});
await close();
process.exit();
