import {
  metricsListener,
  middleware,
} from "@prometheus-async/prometheus-async/node";
import express from "express";
import type { AddressInfo } from "node:net";
import process from "node:process";

const app = express();

// Before all else, so that scrapes are counted as well.
app.use(middleware());
app.get("/metrics", metricsListener());
app.get("/users/:id", (request, response) => {
  response.send(`user ${request.params.id}\n`);
});

const server = app.listen(Number(process.env.PORT ?? 8000), "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  console.log(`Listening on http://127.0.0.1:${port}`);
});
