import type { Listener, ListenOptions, Runtime } from "./types.ts";

/** The part of Bun's global that is used here, so that any TypeScript checks it. */
interface BunGlobal {
  serve(options: {
    hostname: string;
    port: number;
    fetch: ListenOptions["handler"];
    idleTimeout: number;
    development: boolean;
    reusePort: boolean;
  }): {
    address: { address: string; port: number };
    stop(): Promise<void>;
  };
}

const { Bun } = globalThis as unknown as { Bun: BunGlobal };

/** Bun, by `Bun.serve`. */
export const bun: Runtime = {
  // Async, so that what `Bun.serve` throws becomes a rejection.
  // deno-lint-ignore require-await
  async listen({ hostname, port, handler }): Promise<Listener> {
    const server = Bun.serve({
      hostname,
      port,
      fetch: (request) => handler(request),
      // In seconds, the longest there is: by default Bun drops a connection
      // whose answer takes ten, which a slow collector may.
      idleTimeout: 255,
      // Its pages for developers show source code and paths to anyone.
      development: false,
      // Without those pages it would share a port that is taken, silently.
      reusePort: false,
    });
    return {
      // `hostname` and `url` repeat what was asked for, not what was bound.
      addr: server.address.address,
      port: server.address.port,
      stop: () => server.stop(),
    };
  },
};
