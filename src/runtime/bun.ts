import { setTimeout } from "node:timers/promises";
import { UnsupportedOptionError } from "../errors.ts";
import { limitNames, MAX_BODY_BYTES } from "./limits.ts";
import { nativeResponse } from "./native_response.ts";
import type { Listener, ListenOptions, Runtime } from "./types.ts";

/** The part of Bun's global that is used here, so that any TypeScript checks it. */
interface BunGlobal {
  version: string;
  serve(options: BunServeOptions): BunServer;
}

type BunServeOptions =
  & ({ hostname: string; port: number } | { unix: string })
  & {
    fetch: (request: Request, server: BunServer) => Promise<Response>;
    tls?: {
      cert: string;
      key: string;
      ca?: string;
      requestCert: boolean;
      rejectUnauthorized: boolean;
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

/** When Bun ends TLS handshakes, at the earliest, whatever it is told. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** Bun, by `Bun.serve`, or by `node:http` for what that lacks. */
export const bun: Runtime = {
  name: "Bun",
  version: Bun.version,
  async listen(options): Promise<Listener> {
    const { tls, isRenewable = false, limits = {} } = options;
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
        (tls, remoteAddress) => {
          const server = serve({ ...options, address, tls }, remoteAddress);
          return { port: server.address.port, ...controlsOf(server) };
        },
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
      // A connection that is kept may be one with other credentials.
      keepalive: false,
    };
    return Promise.resolve({
      fetch: (url, init) => fetch(url, { ...init, ...own } as RequestInit),
      close: () => Promise.resolve(),
    });
  },
};

function listenByServe(options: ListenOptions): Listener {
  const server = serve(options);
  // `hostname` and `url` repeat what was asked for, not what was bound.
  const { address, port } = server.address ?? {};
  return {
    address: "path" in options.address
      ? options.address
      : { hostname: address, port },
    ...controlsOf(server),
  };
}

function controlsOf(
  server: BunServer,
): Pick<Listener, "ref" | "unref" | "stop" | "cut"> {
  return {
    ref: () => server.ref(),
    unref: () => server.unref(),
    stop: () => drain(server),
    cut: () => server.stop(true),
  };
}

/** Between two looks at whether the answers are sent, in milliseconds. */
const DRAIN_CHECK_MS = 10;

/** For how long TLS may have something left when the answers are sent. */
const LINGER_MS = 1000;

/**
 * Closes a server when its answers are sent. Left to itself it also waits for
 * clients that have not asked for anything.
 */
async function drain(server: BunServer): Promise<void> {
  const stopped = server.stop();
  const isStopped = stopped.then(() => true);
  while (server.pendingRequests > 0) await setTimeout(DRAIN_CHECK_MS);
  if (await Promise.race([isStopped, setTimeout(LINGER_MS)])) return;
  await server.stop(true);
  await stopped;
}

/**
 * Listens by `Bun.serve`.
 *
 * @param remoteAddress Tells where a client is, by the port that it comes from,
 * if that is not where the connection comes from.
 */
function serve(
  options: ListenOptions,
  remoteAddress?: (port: number) => string | undefined,
): BunServer {
  const { address, handler, tls } = options;
  const hasClientCa = tls?.clientCa !== undefined;
  return Bun.serve({
    ..."path" in address ? { unix: address.path } : address,
    ...tls && {
      tls: {
        cert: tls.cert,
        key: tls.key,
        ...hasClientCa && { ca: tls.clientCa },
        // With these two a handshake without a client's certificate fails.
        requestCert: hasClientCa,
        rejectUnauthorized: hasClientCa,
      },
    },
    fetch: async (request, server) =>
      nativeResponse(
        await handler(request, () => {
          const peer = server.requestIP(request);
          if (peer === null) return undefined;
          return remoteAddress ? remoteAddress(peer.port) : peer.address;
        }),
      ),
    // In seconds, and the longest there is: by default Bun drops a connection
    // whose answer takes ten, which a slow collector may.
    idleTimeout: 255,
    maxRequestBodySize: MAX_BODY_BYTES,
    // Its pages for developers show source code and paths to anyone.
    development: false,
    // Without those pages it would share a port that is taken, silently.
    reusePort: false,
  });
}
