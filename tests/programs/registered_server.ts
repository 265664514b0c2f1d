/** Registers a metrics server, closes it, and has nothing left to do. */
import { ConsulAgent } from "../../src/discovery/mod.ts";
import { startHttpServer } from "../../src/server/mod.ts";
import process from "node:process";

const server = await startHttpServer({
  addr: "127.0.0.1",
  serviceDiscovery: new ConsulAgent({ address: process.argv[2], token: "" }),
});
if (server.isRegistered) console.log("registered");
// Neither the looks nor connections that are kept hold the process.
await server.close();
console.log("closed");
