import { serverStats, time } from "@prometheus-async/prometheus-async";
import express from "express";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { Histogram } from "prom-client";

const requestTime = new Histogram({
  name: "http_request_duration_seconds",
  help: "Time spent in requests, to the last byte",
  labelNames: ["method", "route", "status"],
});

const app = express();

app.get("/metrics", async ({ method, originalUrl, headers }, response) => {
  const scrape = await serverStats(
    new Request(new URL(originalUrl, "http://localhost"), {
      method,
      headers: Object.entries(headers) as [string, string][],
    }),
  );
  response.status(scrape.status).setHeaders(scrape.headers);
  response.end(await scrape.bytes());
});

app.use((request, response, next) => {
  const closed = new Promise((resolve) => response.once("close", resolve));
  time(requestTime, closed, {
    // A function: what has answered is known at the end. In a mounted router the
    // route is the path within it, since `baseUrl` is as clients send it.
    labels: () => ({
      method: request.method,
      route: request.route?.path ?? "_OTHER",
      status: response.statusCode,
    }),
  });
  next();
});

app.get("/users/:id", (request, response) => {
  response.send(`user ${request.params.id}\n`);
});

const server = app.listen(Number(process.env.PORT ?? 8000), "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  console.log(`Listening on http://127.0.0.1:${port}`);
});
