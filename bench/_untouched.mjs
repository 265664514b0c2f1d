/**
 * An application that knows nothing of a preload. Prints its URL, and after how many
 * milliseconds from the start of its process it has answered itself. Its argument is
 * its framework: `express`, `fastify` or `http`.
 */
import { once } from "node:events";
import { createServer, get } from "node:http";
import process from "node:process";

const HOST = "127.0.0.1";

async function byExpress() {
  const { default: express } = await import("express");
  const app = express();
  app.get("/users/:id", (_request, response) => void response.send("hello"));
  return createServer(app);
}

async function byFastify() {
  const { fastify } = await import("fastify");
  const app = fastify();
  app.get("/users/:id", () => "hello");
  await app.ready();
  return app.server;
}

const byNode = () =>
  createServer((_request, response) => void response.end("hello"));

const starts = { express: byExpress, fastify: byFastify, http: byNode };

const server = await starts[process.argv[2]]();
await once(server.listen(0, HOST), "listening");
const url = `http://${HOST}:${server.address().port}/users/1`;
get(url, { agent: false }, (response) => {
  response.resume().once("end", () => {
    console.log(JSON.stringify({ url, ms: performance.now() }));
  });
});
