import { UnsupportedOptionError } from "../errors.ts";
import { serverTls } from "./certificates.ts";
import { limitNames, MAX_BODY_BYTES, nativeResponse } from "./native_server.ts";
import type { Listener, ListenOptions, Runtime } from "./types.ts";
import { sleep, waitFor } from "./wait.ts";

/** The used part of Bun's global, so that any TypeScript checks it. */
interface BunGlobal {
  version: string;
  serve(options: BunServeOptions): BunServer;
}

type BunServeOptions =
  & ({ hostname: string; port: number } | { unix: string })
  & {
    fetch: (request: Request, server: BunServer) => Promise<Response>;
    tls?: Omit<ReturnType<typeof serverTls>, "minVersion"> & {
      minVersion: number;
    };
    idleTimeout: number;
    maxRequestBodySize: number;
    development: boolean;
    reusePort: boolean;
  };

interface BunServer {
  readonly pendingRequests: number;
  readonly address: { address: string; port: number };
  requestIP(request: Request): { address: string; port: number } | null;
  ref(): void;
  unref(): void;
  stop(closeActiveConnections?: boolean): Promise<void>;
}

const { Bun } = globalThis as unknown as { Bun: BunGlobal };

/** Bun ends no TLS handshake earlier. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** Bun, by `Bun.serve`, or by `node:http` for options that it lacks. */
export const bun: Runtime = {
  name: "Bun",
  version: Bun.version,
  async listen(options): Promise<Listener> {
    const { tls, tlsPolicy, isRenewable = false, limits = {} } = options;
    const { headerTimeout = HANDSHAKE_TIMEOUT_MS } = limits;
    if (tls && headerTimeout < HANDSHAKE_TIMEOUT_MS) {
      throw new UnsupportedOptionError({
        option: "headerTimeout",
        runtime: "Bun",
        requirement: `at least ${HANDSHAKE_TIMEOUT_MS} with tls, since Bun ` +
          "ends no handshake earlier",
        received: String(headerTimeout),
        wayOut: "ask for no less, or let a proxy speak TLS",
      });
    }
    if (tlsPolicy?.clientNames) {
      throw new UnsupportedOptionError({
        option: "tls.clientNames",
        runtime: "Bun",
        requirement: "left out, since no server of Bun shows the " +
          "certificates of clients",
        received: "names",
        wayOut: "use an authority of its own for clientCa, or a proxy",
      });
    }
    const given = limitNames(limits);
    if (isRenewable && given.length > 0) {
      throw new UnsupportedOptionError({
        option: "tls.certFile",
        runtime: "Bun",
        requirement: "alone, without headerTimeout, idleTimeout and " +
          "maxConnections, since no server of Bun has both",
        received: `it with ${given.join(" and ")}`,
        wayOut: "give tls.cert and tls.key, or leave the limits out",
      });
    }
    if (tls && isRenewable) {
      const { listenByRelay } = await import("./bun_relay.ts");
      const address = { hostname: "127.0.0.1", port: 0 };
      return await listenByRelay(
        { ...options, tls },
        (tls, remoteAddress) =>
          listenByServe({ ...options, address, tls }, remoteAddress),
      );
    }
    if (given.length === 0) return listenByServe(options);
    const { listenByNodeHttp } = await import("./node_http.ts");
    return await listenByNodeHttp(options);
  },
  fetchClient({ tls, unix }) {
    const own = {
      ...tls && { tls },
      ...unix !== undefined && { unix },
      // A kept connection may have been made with other credentials.
      keepalive: false,
    };
    return Promise.resolve({
      fetch: (url, init) => fetch(url, { ...init, ...own } as RequestInit),
      close: () => Promise.resolve(),
    });
  },
};

/**
 * Listens by `Bun.serve`.
 *
 * @param remoteAddress Yields a client's address by the port of its connection,
 * where a relay stands in between.
 */
function listenByServe(
  options: ListenOptions,
  remoteAddress?: (port: number) => string | undefined,
): Listener {
  const { address, handler, tls, tlsPolicy, unsent } = options;
  const server = Bun.serve({
    ..."path" in address ? { unix: address.path } : address,
    ...tls && {
      tls: {
        ...serverTls(tls, tlsPolicy),
        // Other than its `node:https`, it takes numbers.
        minVersion: tlsPolicy?.minVersion === "TLSv1.3" ? 0x0304 : 0x0303,
      },
    },
    fetch: async (request, server) => {
      const answer = await handler(request, () => {
        const peer = server.requestIP(request);
        if (peer === null) return undefined;
        return remoteAddress ? remoteAddress(peer.port) : peer.address;
      });
      return nativeResponse(request, answer, unsent);
    },
    // The longest, in seconds: by default Bun drops a connection whose answer
    // takes ten, as a slow collector may.
    idleTimeout: 255,
    maxRequestBodySize: MAX_BODY_BYTES,
    // Its pages for developers show source code and paths to anyone.
    development: false,
    // Without those pages it would silently share a port that is taken.
    reusePort: false,
  });
  return {
    // `hostname` and `url` of the server repeat the options.
    address: "path" in address
      ? address
      : { hostname: server.address.address, port: server.address.port },
    ref: () => server.ref(),
    unref: () => server.unref(),
    stop: () => drain(server),
    cut: () => server.stop(true),
  };
}

/** The time between two looks for answers that are not sent, in milliseconds. */
const DRAIN_CHECK_MS = 10;

/** How long TLS may still send after the last answer, in milliseconds. */
const LINGER_MS = 1000;

/**
 * Closes a server when its answers are sent. `stop()` alone would also wait for
 * clients that never ask.
 */
async function drain(server: BunServer): Promise<void> {
  const stopped = server.stop();
  while (server.pendingRequests > 0) await sleep(DRAIN_CHECK_MS);
  if (await waitFor(stopped, { ms: LINGER_MS })) return await stopped;
  await server.stop(true);
  await stopped;
}
