/**
 * Starts a server, leaves it running with connections kept alive, and lets the
 * process end; prints the answers to health checks.
 *
 * Arguments: `own`, `node:http`, or the files of a certificate and its key, which
 * are renewed.
 */
import { Agent, get, type IncomingMessage } from "node:http";
import { Agent as TlsAgent, get as getByTls } from "node:https";
import process from "node:process";
import { startHttpServer } from "../../mod.ts";

const [adapter, certFile, keyFile] = process.argv.slice(2);
const server = await startHttpServer({
  addr: "127.0.0.1",
  ...adapter === "node:http" && { maxConnections: 1000 },
  ...adapter === "renewed" && { tls: { certFile, keyFile } },
});

async function check(): Promise<void> {
  const keepAlive = true;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = server.https
      ? getByTls(server.healthUrl, {
        agent: new TlsAgent({ keepAlive, rejectUnauthorized: false }),
      }, resolve)
      : get(server.healthUrl, { agent: new Agent({ keepAlive }) }, resolve);
    request.once("error", reject);
  });
  response.resume();
  console.log(response.statusCode);
}

// A connection from before, and one from afterwards.
server.unref();
server.ref();
await check();
server.unref();
await check();
