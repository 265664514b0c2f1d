import type { Listener, ListenOptions, Runtime } from "./types.ts";

/** The part of Bun's global that is used here, so that any TypeScript checks it. */
interface BunGlobal {
  serve(options: {
    hostname: string;
    port: number;
    fetch: ListenOptions["handler"];
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
    });
    return {
      // `hostname` and `url` repeat what was asked for, not what was bound.
      addr: server.address.address,
      port: server.address.port,
      stop: () => server.stop(),
    };
  },
};
