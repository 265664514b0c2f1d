/**
 * A script that never awaits: starts a server on a thread, counts, is scraped
 * meanwhile, and closes it. Prints what it has seen as JSON.
 */
import { execFileSync } from "node:child_process";
import { ListenError, startHttpServerInThreadSync } from "../../mod.ts";
import { client } from "../_client.ts";

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

function curl(url: string): string {
  try {
    return execFileSync("curl", ["-sS", "--max-time", "20", url], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch {
    return "refused";
  }
}

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
console.log(JSON.stringify({ scraped, taken, closed, health }));
