/** Servers for tools and tests. Runs on all runtimes. */
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";

/** A server on loopback. */
export interface LoopbackServer extends AsyncDisposable {
  /** Its root, with the slash. */
  readonly url: string;
}

/** Serves on a free port. */
export async function serveOnLoopback(
  listener: RequestListener,
): Promise<LoopbackServer> {
  const server = createServer(listener);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    [Symbol.asyncDispose]() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
