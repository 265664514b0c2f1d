/**
 * Serves a measured application of Express or Fastify, as the first argument says,
 * and asks it by autocannon as often as the second one says. Prints what was
 * counted, and by how many bytes the heap has grown with each part but the first.
 * The garbage collector must be at hand: `--expose-gc`.
 */
import autocannon from "autocannon";
import express from "express";
import fastify from "fastify";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { Registry } from "prom-client";
import { fastify as plugin, middleware } from "../../src/node/mod.ts";
import { PARTS, printLoad } from "./_load.ts";

const [, , framework, given] = process.argv;
const amount = Number(given);

const registry = new Registry();

async function serve(): Promise<string> {
  if (framework === "fastify") {
    const app = fastify();
    app.register(plugin({ registry }));
    app.get("/users/:id", () => "hello");
    return await app.listen({ host: "127.0.0.1", port: 0 });
  }
  const app = express();
  app.use(middleware({ registry }));
  const users = express.Router();
  users.get("/:id", (_request, response) => void response.send("hello"));
  app.use("/users", users);
  const server = createServer(app).listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const url = await serve();
await printLoad(registry, async (part) => {
  const { "2xx": some, "4xx": others } = await autocannon({
    url,
    amount: amount / PARTS,
    connections: 20,
    requests: [{ path: "/users/1" }, { path: `/${part}/[<id>].php` }],
    idReplacement: true,
  });
  return some + others;
});
process.exit();
