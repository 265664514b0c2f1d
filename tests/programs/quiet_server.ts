/**
 * Starts, uses and closes servers, with clients that behave badly; prints
 * whether that changed the globals, or who listens for signals.
 */
import { once } from "node:events";
import { connect } from "node:net";
import process from "node:process";
import { Counter } from "prom-client";
import { type MetricsHttpServer, startHttpServer } from "../../mod.ts";

/** The globals that a server must leave as they are. */
function surroundings(): unknown[] {
  const { Request, Response, fetch } = globalThis;
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"]
    .map((signal) => process.listenerCount(signal));
  return [Request, Response, fetch, ...signals];
}

/** Sends something, and goes away when something comes back. */
async function abuse({ socket }: MetricsHttpServer, text: string) {
  const client = connect(socket.port, socket.addr);
  client.on("error", () => {});
  client.write(text);
  await once(client, "data");
  client.resetAndDestroy();
}

// Without a metric of the application it would say so.
new Counter({ name: "quiet_total", help: "Quiet" });
const before = surroundings();
for (const maxConnections of [undefined, 100]) {
  const server = await startHttpServer({ addr: "127.0.0.1", maxConnections });
  for (const url of [server.metricsUrl, server.url, server.healthUrl]) {
    await (await fetch(url)).text();
  }
  await abuse(server, "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
  await abuse(
    server,
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\na",
  );
  await abuse(server, "\x16\x03\x01 no HTTP at all\r\n\r\n");
  await server.close();
}
const after = surroundings();
console.log(before.every((value, n) => value === after[n]));
