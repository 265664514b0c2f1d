import process from "node:process";
import { listenByNodeHttp } from "./node_http.ts";
import type { Fetch, Runtime } from "./types.ts";

/** Node, by `node:http` and `node:https`. */
export const node: Runtime = {
  name: "Node",
  version: process.versions.node,
  listen: (options) => listenByNodeHttp(options),
  // The global `fetch` takes no credentials. It is made from this package, which
  // Node does not export.
  async fetchClient({ tls, unix }) {
    const { Agent, fetch } = await import("undici");
    const dispatcher = new Agent({
      connect: { ...tls, ...unix !== undefined && { socketPath: unix } },
    });
    const own = fetch as unknown as Fetch;
    return {
      fetch: (url, init) => own(url, { ...init, dispatcher } as RequestInit),
      close: () => dispatcher.destroy(),
    };
  },
};
