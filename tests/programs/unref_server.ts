/**
 * Starts a server, leaves it running with a connection kept alive, and lets the
 * process end; prints the answer to a health check.
 */
import { Agent, get, type IncomingMessage } from "node:http";
import process from "node:process";
import { startHttpServer } from "../../mod.ts";

const maxConnections = process.argv[2] === "node:http" ? 1000 : undefined;
const server = await startHttpServer({ addr: "127.0.0.1", maxConnections });
server.unref();
server.ref();
server.unref();
const agent = new Agent({ keepAlive: true });
const response = await new Promise<IncomingMessage>((resolve, reject) => {
  get(server.healthUrl, { agent }, resolve).once("error", reject);
});
response.resume();
console.log(response.statusCode);
