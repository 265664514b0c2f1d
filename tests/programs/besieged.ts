/**
 * Serves a registry to a test that attacks it, until it is told to end.
 *
 * Its arguments are `main` or `thread`, the number of series, and the options of the
 * server as JSON. It prints `{ port, pid }`, and `{ error }` for each that it is told
 * of. With `full` as a fourth argument it takes all descriptors for two seconds, one
 * second after its start, and prints how many it has as `{ held }`. With a number
 * there is a metric whose collector takes as many milliseconds.
 */
import { closeSync, openSync } from "node:fs";
import process from "node:process";
import { Counter, Gauge, Registry } from "prom-client";
import { startHttpServer } from "../../mod.ts";
import { startHttpServerInThread } from "../../src/thread/mod.ts";

const [kind, series, options, more] = process.argv.slice(2);
const registry = new Registry();
const requests = new Counter({
  name: "requests_total",
  help: "Requests",
  labelNames: ["route", "n"],
  registers: [registry],
});
for (let n = 0; n < Number(series); n++) {
  requests.inc({ route: `/a/long/route/of/an/application/${n}`, n: `${n}` });
}
if (Number(more) > 0) {
  new Gauge({
    name: "slow",
    help: "Slow",
    registers: [registry],
    async collect() {
      await new Promise((resolve) => setTimeout(resolve, Number(more)));
      this.set(1);
    },
  });
}
const given = {
  addr: "127.0.0.1",
  ...JSON.parse(options),
  registry,
  onError: (error: unknown) =>
    console.log(JSON.stringify({ error: String(error) })),
};
const server = kind === "thread"
  ? await startHttpServerInThread(given)
  : await startHttpServer(given);
// A server on a thread does not keep the process.
setInterval(() => {}, 60_000);
console.log(JSON.stringify({ port: server.socket.port, pid: process.pid }));
if (more === "full") setTimeout(fill, 1000);

/** Opens files until there may be no more. */
function fill(): void {
  const held: number[] = [];
  try {
    for (;;) held.push(openSync("/dev/null", "r"));
  } catch {
    console.log(JSON.stringify({ held: held.length }));
  }
  setTimeout(() => {
    for (const each of held) closeSync(each);
    console.log(JSON.stringify({ held: 0 }));
  }, 2000);
}
