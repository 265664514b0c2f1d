/** The runtime's own server. */
import { serve as serveByNode } from "@hono/node-server";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { runtimeName } from "../src/runtime/detect.ts";

const hostname = "127.0.0.1";

/** Answers a request. */
export type Fetch = (request: Request) => Response | Promise<Response>;

interface BunGlobal {
  serve(options: { hostname: string; port: number; fetch: Fetch }): {
    readonly port: number;
  };
}

/** Serves with the runtime's own server until the process ends; yields the URL. */
export async function serve(fetch: Fetch): Promise<string> {
  return `http://${hostname}:${await listen(fetch)}`;
}

async function listen(fetch: Fetch): Promise<number> {
  switch (runtimeName()) {
    case "deno":
      return Deno.serve({ hostname, port: 0, onListen() {} }, fetch).addr.port;
    case "bun": {
      const { Bun } = globalThis as unknown as { Bun: BunGlobal };
      return Bun.serve({ hostname, port: 0, fetch }).port;
    }
    case "node": {
      const server = serveByNode({ hostname, port: 0, fetch });
      await once(server, "listening");
      return (server.address() as AddressInfo).port;
    }
  }
}

/** Starts each of several servers when its URL is asked for. */
export function onDemand(
  starts: Readonly<Record<string, () => Promise<string>>>,
): (name: string) => Promise<string> {
  const urls = new Map<string, Promise<string>>();
  return (name) => {
    let url = urls.get(name);
    if (url === undefined) urls.set(name, url = starts[name]());
    return url;
  };
}
