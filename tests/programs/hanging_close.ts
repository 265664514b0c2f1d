/**
 * Closes a server while a scrape hangs for ten minutes, or lets it be, and lets
 * the process end; prints when it may.
 *
 * Arguments: `own` or `node:http`; `collector` or `registry`, which hangs; `close`
 * or `unref`.
 */
import { spawn } from "node:child_process";
import process from "node:process";
import { Gauge, Registry } from "prom-client";
import { startHttpServer } from "../../mod.ts";

const [adapter, hanging, end] = process.argv.slice(2);
const asked = Promise.withResolvers<void>();
const hang = () => {
  asked.resolve();
  return new Promise<never>(() => {});
};
const registry = new Registry();
if (hanging === "collector") {
  const registers = [registry];
  new Gauge({ name: "slow", help: "Slow", registers, collect: hang });
}
const server = await startHttpServer({
  addr: "127.0.0.1",
  ...adapter === "node:http" && { maxConnections: 1000 },
  registry: hanging === "collector" ? registry : hang,
  onError: (error) => console.log(String(error)),
});
// In a process of its own: here the client would keep this one alive.
const client = spawn("curl", [
  ...["--silent", "--header", "X-Prometheus-Scrape-Timeout-Seconds: 600"],
  server.metricsUrl,
], { stdio: "ignore" });
await asked.promise;
if (end === "unref") server.unref();
else await server.close(100);
console.log("may end");
client.unref();
process.once("exit", () => client.kill("SIGKILL"));
