/** Starts servers with the options in its argument; prints how each start ends. */
import process from "node:process";
import { Registry } from "prom-client";
import {
  startHttpServerInThread,
  startHttpServerInThreadSync,
} from "../../mod.ts";

const options = {
  addr: "127.0.0.1",
  registry: new Registry(),
  ...JSON.parse(process.argv[2] ?? "{}"),
};
for (const start of [startHttpServerInThread, startHttpServerInThreadSync]) {
  try {
    const server = await start(options);
    console.log((await fetch(server.metricsUrl!)).status);
    await server.close();
  } catch (error) {
    console.log(`${error}\n${(error as Error).cause}`);
    break;
  }
}
// Connections that `fetch` keeps would delay the end.
process.exit();
