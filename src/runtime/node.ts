import { createAdaptorServer } from "@hono/node-server";
import type { Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Listener, Runtime } from "./types.ts";

/** Node, by `node:http`; `@hono/node-server` turns its requests into fetch's. */
export const node: Runtime = {
  async listen({ hostname, port, handler }): Promise<Listener> {
    const server = createAdaptorServer({
      fetch: (request) => handler(request),
      // For requests without a Host header, which HTTP/1.0 allows.
      hostname: "localhost",
      // The application's `Request` and `Response` stay Node's own.
      overrideGlobalObjects: false,
    }) as Server;
    const silent = trackConnections(server);
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
          for (const socket of silent) socket.destroy();
        }),
    };
  },
};

/**
 * Keeps the connections on which no request has come yet, and ends those whose
 * last answer is sent while the server closes: `close()` itself ends only those
 * that are idle between two requests when it is called.
 */
function trackConnections(server: Server): ReadonlySet<Socket> {
  const silent = new Set<Socket>();
  server.on("connection", (socket) => {
    silent.add(socket);
    socket.once("close", () => silent.delete(socket));
  });
  server.on("request", ({ socket }, response) => {
    silent.delete(socket);
    response.once("close", () => {
      if (!server.listening) setImmediate(() => server.closeIdleConnections());
    });
  });
  return silent;
}
