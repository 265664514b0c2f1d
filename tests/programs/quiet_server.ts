/** Starts, uses and closes a server; prints whether it changed the globals. */
import { startHttpServer } from "../../mod.ts";

const before = [globalThis.Request, globalThis.Response, globalThis.fetch];
const server = await startHttpServer({ addr: "127.0.0.1" });
await (await fetch(server.metricsUrl)).text();
await server.close();
const after = [globalThis.Request, globalThis.Response, globalThis.fetch];
console.log(before.every((global, n) => global === after[n]));
