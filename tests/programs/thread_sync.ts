/**
 * A script that never awaits: starts a server on a thread, counts, is scraped
 * meanwhile, and closes it. Prints what it has seen as JSON.
 */
import { execFileSync } from "node:child_process";
import * as client from "prom-client";
import { ListenError, startHttpServerInThreadSync } from "../../mod.ts";

/** The observations. */
interface Seen {
  scraped: string;
  taken: unknown;
  closed: string;
  health: string;
}

function curl(url: string): string {
  try {
    return execFileSync("curl", ["-sS", "--max-time", "100", url], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch {
    return "refused";
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof ListenError && error.code === "EADDRINUSE";
}

function run(): Seen {
  const registry = new client.Registry();
  const counter = new client.Counter({
    name: "jobs_total",
    help: "Jobs",
    labelNames: ["kind"],
    registers: [registry],
  });
  const options = { addr: "127.0.0.1", registry };
  const server = startHttpServerInThreadSync(options);
  const { port } = server.socket;
  for (let n = 0; n < 5; n++) counter.inc({ kind: "a" });
  const scraped = curl(server.metricsUrl);
  let taken: unknown;
  try {
    startHttpServerInThreadSync({ ...options, port });
  } catch (error) {
    taken = error instanceof ListenError && [error.code, error.port === port];
  }
  server.closeSync();
  server.closeSync();
  const closed = curl(server.metricsUrl);
  const again = startHttpServerInThreadSync({ ...options, port });
  const health = curl(again.healthUrl);
  again[Symbol.dispose]();
  return { scraped, taken, closed, health };
}

let seen: Seen | undefined;
for (let attempt = 1; seen === undefined; attempt++) {
  try {
    seen = run();
  } catch (error) {
    // Before it starts again another program may get the port, but not twice.
    if (!isTaken(error) || attempt === 2) throw error;
  }
}
console.log(JSON.stringify(seen));
