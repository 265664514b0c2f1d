import process from "node:process";
import { listenByNodeHttp } from "./node_http.ts";
import type { Runtime } from "./types.ts";

/** Node, by `node:http` and `node:https`. */
export const node: Runtime = {
  name: "Node",
  version: process.versions.node,
  listen: (options) =>
    listenByNodeHttp(options, { replacesGlobals: options.mayReplaceGlobals }),
  async fetchClient(options) {
    const { undiciClient } = await import("./undici_client.ts");
    return undiciClient(options);
  },
};
