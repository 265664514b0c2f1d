import { createAdaptorServer } from "@hono/node-server";
import { createServer, type Server } from "node:http";
import {
  createServer as createTlsServer,
  type Server as TlsServer,
  type ServerOptions,
} from "node:https";
import type { Socket } from "node:net";
import { setTimeout } from "node:timers/promises";
import type { TLSSocket } from "node:tls";
import { bind } from "./bind.ts";
import { Connections } from "./connections.ts";
import { isForeignSession } from "./resumption.ts";
import type {
  ConnectionLimits,
  Listener,
  ListenOptions,
  TlsCredentials,
} from "./types.ts";

/** Between two looks at which clients have taken too long, in milliseconds. */
const CHECK_MS = 500;

/** In what a runtime's `node:http` is its own. */
export interface NodeHttpWays {
  /** Whether TLS sessions of one server are good for another. */
  readonly sharesSessions?: boolean;
  /** Whether the adapter's `Request` and `Response` become the global ones. */
  readonly replacesGlobals?: boolean;
}

/**
 * Listens by `node:http` or `node:https`, which all three runtimes have;
 * `@hono/node-server` turns its requests into fetch's.
 */
export async function listenByNodeHttp(
  options: ListenOptions,
  { sharesSessions = false, replacesGlobals = false }: NodeHttpWays = {},
): Promise<Listener> {
  const { address, handler, limits = {} } = options;
  let { tls } = options;
  const server = createAdaptorServer({
    fetch: (request, { incoming }) =>
      handler(
        request,
        () => (incoming as { socket: Socket }).socket.remoteAddress,
      ),
    // For requests without a Host header, which HTTP/1.0 allows.
    hostname: "localhost",
    // An application's `Request` and `Response` stay the runtime's own.
    overrideGlobalObjects: replacesGlobals,
    createServer: tls ? createTlsServer : createServer,
    serverOptions: {
      ...serverOptions(limits),
      ...tls && {
        ...secureContext(tls),
        // With these two a handshake without a client's certificate fails.
        requestCert: tls.clientCa !== undefined,
        rejectUnauthorized: tls.clientCa !== undefined,
      },
    },
  }) as Server;
  if (limits.maxConnections !== undefined) {
    server.maxConnections = limits.maxConnections;
  }
  const connections = new Connections(server, tls !== undefined);
  if (sharesSessions) {
    server.on("secureConnection", (socket: TLSSocket) => {
      const clientCa = tls?.clientCa;
      if (clientCa === undefined) return;
      if (isForeignSession(socket, clientCa)) socket.destroy();
    });
  }
  const bound = await bind(server, address);
  let stopped: Promise<void> | undefined;
  const stop = () =>
    stopped ??= new Promise<void>((resolve, reject) => {
      server.close((error) => error ? reject(error) : resolve());
      connections.drain();
    });
  return {
    address: bound,
    // Async, so that what is thrown becomes a rejection.
    // deno-lint-ignore require-await
    async renew(renewed) {
      (server as TlsServer).setSecureContext(secureContext(renewed));
      tls = renewed;
    },
    ref() {
      server.ref();
      connections.ref();
    },
    unref() {
      server.unref();
      connections.unref();
    },
    stop,
    async cut() {
      const stopped = stop();
      server.closeAllConnections();
      connections.cut();
      // Bun waits for handshakes, of which it does not tell.
      await Promise.race([stopped, setTimeout(CUT_MS)]);
    },
  };
}

/** How long sockets take that are cut off, in milliseconds, at most. */
const CUT_MS = 100;

/** The credentials by the names that Node gives them. */
function secureContext(
  { cert, key, clientCa }: TlsCredentials,
): { cert: string; key: string; ca?: string } {
  return { cert, key, ...clientCa !== undefined && { ca: clientCa } };
}

function serverOptions(
  { headerTimeout, idleTimeout }: ConnectionLimits,
): ServerOptions {
  return {
    ...headerTimeout !== undefined && {
      headersTimeout: headerTimeout,
      // Nothing that is asked here has a body that would take time.
      requestTimeout: headerTimeout,
      handshakeTimeout: headerTimeout,
      connectionsCheckingInterval: CHECK_MS,
    },
    ...idleTimeout !== undefined && { keepAliveTimeout: idleTimeout },
  };
}
