import process from "node:process";
import { listenByNodeHttp } from "./node_http.ts";
import type { Runtime } from "./types.ts";

/** Node, by `node:http` and `node:https`. */
export const node: Runtime = {
  name: "Node",
  version: process.versions.node,
  listen: (options) => listenByNodeHttp(options),
  async fetchClient(options) {
    const { nodeFetchClient } = await import("./node_fetch.ts");
    return nodeFetchClient(options);
  },
};
