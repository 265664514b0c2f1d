import { createAdaptorServer } from "@hono/node-server";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Listener, Runtime } from "./types.ts";

/** Node, by `node:http`. */
export const node: Runtime = {
  async listen({ hostname, port, handler }): Promise<Listener> {
    const server = createAdaptorServer({
      fetch: (request) => handler(request),
      // The application's `Request` and `Response` stay Node's own.
      overrideGlobalObjects: false,
    }) as Server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, hostname, () => {
        server.off("error", reject);
        resolve();
      });
    });
    const bound = server.address() as AddressInfo;
    return {
      addr: bound.address,
      port: bound.port,
      stop: () =>
        new Promise((resolve, reject) => {
          server.close((error) => error ? reject(error) : resolve());
        }),
    };
  },
};
