/** Servers of Node's on loopback, for the time of a test. */
import { once } from "node:events";
import type { Server } from "node:http";
import type { Http2SecureServer, Http2Server } from "node:http2";
import type { AddressInfo } from "node:net";

export type AnyServer = Server | Http2Server | Http2SecureServer;

/** A server that runs. */
export interface Running {
  readonly server: AnyServer;
  close(): Promise<void>;
}

/** Lets a server listen on a free port. */
export async function listen(server: AnyServer): Promise<Running> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, close: () => closeServer(server) };
}

async function closeServer(server: AnyServer): Promise<void> {
  const closed = once(server, "close");
  server.close();
  // HTTP/2's has none.
  (server as Server).closeAllConnections?.();
  await closed;
}

/** Runs `fn` while a server listens. */
export async function serving(
  server: AnyServer,
  fn: (port: number) => Promise<void>,
): Promise<void> {
  const { close } = await listen(server);
  try {
    await fn((server.address() as AddressInfo).port);
  } finally {
    await close();
  }
}
