import { X509Certificate } from "node:crypto";
import { createServer } from "node:http";
import {
  createServer as createTlsServer,
  type Server as TlsServer,
} from "node:https";
import { isIPv6 } from "node:net";
import type { TLSSocket } from "node:tls";
import { Connections } from "./connections.ts";
import { serverTls, splitCertificates } from "./certificates.ts";
import { requestListener } from "./node_requests.ts";
import { oneByOne } from "./pipelining.ts";
import { bind } from "./sockets.ts";
import { inUrl, subjectNames } from "./subject_names.ts";
import type { Listener, ListenOptions } from "./types.ts";
import { waitFor } from "./wait.ts";

/** The time between two looks for clients that are too slow, in milliseconds. */
const CHECK_MS = 500;

/**
 * Listens by `node:http` or `node:https`, which all three runtimes have.
 *
 * @param ways The runtime's peculiarities: `sharesSessions` if another server's TLS
 * sessions can be resumed.
 */
export async function listenByNodeHttp(
  options: ListenOptions,
  { sharesSessions = false }: { sharesSessions?: boolean } = {},
): Promise<Listener> {
  const { address, handler, limits = {}, tlsPolicy, unsent } = options;
  let { tls } = options;
  const listener = oneByOne(requestListener(handler, unsent), unsent);
  const { headerTimeout, idleTimeout } = limits;
  const timeouts = {
    ...headerTimeout !== undefined && {
      headersTimeout: headerTimeout,
      // No request here needs a body that takes time.
      requestTimeout: headerTimeout,
      handshakeTimeout: headerTimeout,
      connectionsCheckingInterval: CHECK_MS,
    },
    ...idleTimeout !== undefined && { keepAliveTimeout: idleTimeout },
  };
  const server = tls === undefined
    ? createServer(timeouts, listener)
    : createTlsServer({ ...timeouts, ...serverTls(tls, tlsPolicy) }, listener);
  // Else Node drops clients that end their side after the request, as `nc -N`.
  Object.assign(server, { httpAllowHalfOpen: true });
  const connections = new Connections(server, {
    isTls: tls !== undefined,
    unsent,
    max: limits.maxConnections,
  });
  const names = tlsPolicy?.clientNames
    ?.map((name) => isIPv6(name) ? inUrl(name) : name);
  server.on("secureConnection", (socket: TLSSocket) => {
    const clientCa = tls?.clientCa;
    if (clientCa === undefined) return;
    const isForeign = sharesSessions && isForeignSession(socket, clientCa);
    if (isForeign || names && !hasName(socket, names)) socket.destroy();
  });
  const bound = await bind(server, address);
  let stopped: Promise<void> | undefined;
  const stop = () =>
    stopped ??= new Promise<void>((resolve, reject) => {
      server.close((error) => error ? reject(error) : resolve());
      connections.drain();
    });
  return {
    address: bound,
    // Async, so that an error becomes a rejection.
    // deno-lint-ignore require-await
    async renew(renewed) {
      (server as TlsServer).setSecureContext(serverTls(renewed, tlsPolicy));
      tls = renewed;
    },
    ref: () => connections.setRef("ref"),
    unref: () => connections.setRef("unref"),
    stop,
    async cut() {
      const stopped = stop();
      server.closeAllConnections();
      connections.cut();
      // Bun waits for handshakes, and shows no way to end them.
      await waitFor(stopped, { ms: CUT_MS });
    },
  };
}

/** Whether a client's certificate has one of these names, as URLs spell them. */
function hasName(socket: TLSSocket, names: readonly string[]): boolean {
  try {
    const own = subjectNames(socket.getPeerCertificate().raw);
    return names.some((name) => own.includes(name));
  } catch {
    // The certificate is missing, or cannot be parsed.
    return false;
  }
}

/** How long sockets may take to be cut off, in milliseconds. */
const CUT_MS = 100;

/**
 * Whether a connection resumes a TLS session without a client's certificate that
 * one of these authorities has issued itself.
 *
 * On Deno, `node:https` servers with one certificate share their sessions: a
 * client could bring one from a server that asks for no certificate, or trusts
 * other authorities. The server has to check (RFC 8446, 4.2.11).
 *
 * @param clientCa The authorities' certificates, in PEM format.
 */
function isForeignSession(socket: TLSSocket, clientCa: string): boolean {
  if (!socket.isSessionReused()) return false;
  if (!socket.authorized) return true;
  try {
    const certificate = new X509Certificate(socket.getPeerCertificate().raw);
    const now = Date.now();
    return now < Date.parse(certificate.validFrom) ||
      now > Date.parse(certificate.validTo) ||
      !splitCertificates(clientCa)
        .map((authority) => new X509Certificate(authority))
        .some((authority) =>
          certificate.checkIssued(authority) &&
          certificate.verify(authority.publicKey)
        );
  } catch {
    // The certificate is missing, or cannot be parsed.
    return true;
  }
}
