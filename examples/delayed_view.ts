import { serverStats, time } from "@prometheus-async/prometheus-async";
import { getRequestListener } from "@hono/node-server";
import {
  createServer,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { Histogram } from "prom-client";

const viewTime = new Histogram({
  name: "view_seconds",
  help: "Time until a view has answered",
});

// The server ignores a view's result, so the view need not return a promise.
function view(_request: IncomingMessage, response: ServerResponse): void {
  const answered = sleep(100).then(() => void response.end("at last\n"));
  time(viewTime, answered).catch(() => response.destroy());
}

const metrics = getRequestListener(serverStats, {
  // Deno and Bun take only their own `Response` from a handler.
  overrideGlobalObjects: false,
});

const server = createServer((request, response) =>
  request.url === "/metrics"
    ? metrics(request, response)
    : view(request, response)
);

server.listen(Number(process.env.PORT ?? 8000), "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  console.log(`Listening on http://127.0.0.1:${port}`);
});
