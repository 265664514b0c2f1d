import { serverStats, time } from "@prometheus-async/prometheus-async";
import { fastify } from "fastify";
import process from "node:process";
import { Histogram } from "prom-client";

const requestTime = new Histogram({
  name: "http_request_duration_seconds",
  help: "Time spent in requests, to the last byte",
  labelNames: ["method", "route", "status"],
});

const app = fastify();

app.addHook("onRequest", (request, reply, done) => {
  const closed = new Promise((resolve) => reply.raw.once("close", resolve));
  time(requestTime, closed, {
    // A function: the status is known at the end.
    labels: () => ({
      method: request.method,
      route: request.routeOptions.url ?? "_OTHER",
      status: reply.statusCode,
    }),
  });
  done();
});

app.get("/metrics", ({ method, url, headers }) =>
  serverStats(
    new Request(new URL(url, "http://localhost"), {
      method,
      headers: Object.entries(headers) as [string, string][],
    }),
  ));

app.get<{ Params: { id: string } }>(
  "/users/:id",
  (request) => `user ${request.params.id}\n`,
);

const port = Number(process.env.PORT ?? 8000);
const address = await app.listen({ host: "127.0.0.1", port });
console.log(`Listening on ${address}`);
