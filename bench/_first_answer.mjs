/**
 * A program that prints for how long somebody waits who starts a service and
 * scrapes it at once: the milliseconds from the start of the process to the end of
 * the first answer.
 *
 * Its arguments are the URLs of `prom-client` and of a module of the package, and
 * the function of that which starts a server; without one the client's own text is
 * served.
 */
import { createServer, get } from "node:http";
import process from "node:process";

const [clientUrl, moduleUrl, start] = process.argv.slice(2);
const { Counter, register } = (await import(clientUrl)).default;
new Counter({ name: "jobs_total", help: "Jobs done" }).inc();

const answer = async () => new Response(await register.metrics());
const hostname = "127.0.0.1";

async function serve() {
  if (start !== undefined) {
    const module = await import(moduleUrl);
    return (await module[start]({ addr: hostname })).metricsUrl;
  }
  const { Bun, Deno } = globalThis;
  if (Bun) return Bun.serve({ hostname, port: 0, fetch: answer }).url.href;
  if (Deno) {
    const options = { hostname, port: 0, onListen() {} };
    const { addr } = Deno.serve(options, answer);
    return `http://${hostname}:${addr.port}/`;
  }
  const server = createServer(async (_, response) => {
    response.end(await register.metrics());
  });
  await new Promise((resolve) => server.listen(0, hostname, resolve));
  return `http://${hostname}:${server.address().port}/`;
}

get(await serve(), (response) => {
  let text = "";
  response.on("data", (chunk) => text += chunk);
  response.on("end", () => {
    const ms = performance.now();
    console.log(JSON.stringify({ ms, isRight: text.includes("jobs_total 1") }));
    process.exit();
  });
});
