import type { Listener, ListenOptions, Runtime } from "./types.ts";

/** The part of Deno's global that is used here, so that any TypeScript checks it. */
interface DenoGlobal {
  serve(
    options: {
      hostname: string;
      port: number;
      onListen: () => void;
    },
    handler: ListenOptions["handler"],
  ): {
    addr: { hostname: string; port: number };
    shutdown(): Promise<void>;
  };
}

const { Deno } = globalThis as unknown as { Deno: DenoGlobal };

/** Deno, by `Deno.serve`. */
export const deno: Runtime = {
  // Async, so that what `Deno.serve` throws becomes a rejection.
  // deno-lint-ignore require-await
  async listen({ hostname, port, handler }): Promise<Listener> {
    const server = Deno.serve(
      // Without a listener of one's own Deno prints a banner.
      { hostname, port, onListen: () => {} },
      (request) => handler(request),
    );
    return {
      addr: server.addr.hostname,
      port: server.addr.port,
      stop: () => server.shutdown(),
    };
  },
};
