import {
  instrumentHandler,
  serverStats,
} from "@prometheus-async/prometheus-async";
import { getRequestListener } from "@hono/node-server";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";

const hello = instrumentHandler(() => new Response("hello\n"), { route: "/" });
const notFound = instrumentHandler(
  () => new Response("not found\n", { status: 404 }),
);

const server = createServer(getRequestListener(
  // What comes beside the request tells when the response was sent.
  (request, node) => {
    switch (new URL(request.url).pathname) {
      case "/":
        return hello(request, node);
      case "/metrics":
        return serverStats(request);
      default:
        return notFound(request, node);
    }
  },
  // Deno and Bun take only their own `Response` from a handler.
  { overrideGlobalObjects: false },
));

server.listen(Number(process.env.PORT ?? 8000), "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  console.log(`Listening on http://127.0.0.1:${port}`);
});
