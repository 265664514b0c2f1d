/**
 * A module to run before a program: prints the number of the thread, and starts a
 * server.
 */
import { threadId } from "node:worker_threads";
import { Registry } from "prom-client";
import { startHttpServerInThreadSync } from "../../mod.ts";

console.log(`thread ${threadId}`);
const options = { addr: "127.0.0.1", registry: new Registry() };
startHttpServerInThreadSync(options).closeSync();
