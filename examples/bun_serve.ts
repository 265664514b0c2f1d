import {
  instrumentHandler,
  serverStats,
} from "@prometheus-async/prometheus-async";
import process from "node:process";

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.env.PORT ?? 8000),
  routes: {
    "/": instrumentHandler(() => new Response("hello\n"), { route: "/" }),
    "/users/:id": instrumentHandler(
      (request) => new Response(`user ${request.params.id}\n`),
      { route: "/users/:id" },
    ),
    "/metrics": serverStats,
  },
});
console.log(`Listening on ${server.url.origin}`);
