/**
 * Learning when a response was sent, in the way that each runtime's server has
 * for it. Servers hand it to their handlers as a second argument, which
 * frameworks pass on; it is known by its shape.
 *
 * @module
 */

import {
  BunResponses,
  type BunServer,
  RequestOrigin,
} from "./bun_responses.ts";

export { RequestOrigin };

/** Is told what becomes of a response. */
export interface ResponseWatcher {
  /** Takes the number of bytes of its body that are handed on. */
  onBytes(bytes: number): void;
  /**
   * It was sent, has failed, or its client has gone.
   *
   * @param at When that was, by the clock of `performance`, if not just now.
   */
  onEnd(at?: number): void;
}

/** What servers hand to their handlers, as far as it tells of the response. */
interface ServerContext {
  /** Of Deno's server: settles with the response. */
  readonly completed?: unknown;
  /**
   * Of `@hono/node-server`: Node's response; `undefined` during the handshake of
   * a WebSocket.
   */
  readonly outgoing?: unknown;
  /** Of Bun's server. */
  readonly requestIP?: unknown;
  /** Bun's server, as applications pass it on. */
  readonly server?: unknown;
}

/** The part of Node's `ServerResponse` that tells of its end, and its body. */
interface Outgoing {
  readonly closed: boolean;
  readonly destroyed: boolean;
  on(event: "close", listener: () => void): unknown;
  write(...given: unknown[]): unknown;
  end(...given: unknown[]): unknown;
}

/**
 * Lets a watcher know when the response to a request has ended: on Deno when it
 * was handed to the server, on Node to the system, on Bun when the request is no
 * longer open.
 *
 * To be called when the handler has answered, before the response is returned.
 *
 * @param context The handler's second argument.
 * @param origin What is known of requests like this one.
 * @returns Whether the server tells; if not, `onEnd` is never called.
 */
export function watchEnd(
  context: unknown,
  request: Request,
  watcher: ResponseWatcher,
  origin: RequestOrigin,
): boolean {
  if (typeof context !== "object" || context === null) return false;
  const { completed, outgoing } = context as ServerContext;
  if (completed instanceof Promise) {
    const end = () => watcher.onEnd();
    completed.then(end, end);
    return true;
  }
  if (isOutgoing(outgoing)) {
    if (outgoing.closed || outgoing.destroyed) watcher.onEnd();
    else outgoing.on("close", () => watcher.onEnd());
    return true;
  }
  const server = bunServer(context);
  return server !== undefined &&
    bunResponses.add(server, request, watcher, origin);
}

/**
 * Lets a watcher know how much is written of a response's body.
 *
 * @param context The handler's second argument.
 * @returns Whether the server tells; if not, `onBytes` is never called.
 */
export function watchBytes(
  context: unknown,
  watcher: ResponseWatcher,
): boolean {
  const { outgoing } = (context ?? {}) as ServerContext;
  if (!isOutgoing(outgoing)) return false;
  const { write, end } = outgoing;
  let isEnding = false;
  outgoing.write = function (...given) {
    if (!isEnding) watcher.onBytes(sizeOf(given[0]));
    return write.apply(this, given);
  };
  outgoing.end = function (...given) {
    // What is given to `end` may come to `write`, too.
    if (!isEnding) watcher.onBytes(sizeOf(given[0]));
    isEnding = true;
    return end.apply(this, given);
  };
  return true;
}

/** Tells whether a request asks for a WebSocket. */
export function asksForWebSocket({ headers }: Request): boolean {
  return headers.get("upgrade")?.toLowerCase() === "websocket";
}

/**
 * Tells whether the handler has made a WebSocket of a request, although it has
 * returned a response that does not show that.
 *
 * @param context The handler's second argument.
 */
export function isUpgraded(context: unknown, request: Request): boolean {
  if (typeof context !== "object" || context === null) return false;
  const server = bunServer(context);
  const isHandshake = server === undefined
    ? "outgoing" in context && context.outgoing === undefined
    // Reading the headers of all requests would cost a tenth of the throughput.
    : server.pendingWebSockets > 0;
  return isHandshake && asksForWebSocket(request) &&
    (server?.requestIP(request) ?? null) === null;
}

/**
 * Reads the headers of a request that may become a WebSocket: afterwards Deno
 * shows only those that were read.
 */
export function keepHeaders(context: unknown, request: Request): void {
  const { completed } = (context ?? {}) as ServerContext;
  if (completed instanceof Promise && asksForWebSocket(request)) {
    void [...request.headers];
  }
}

const encoder = new TextEncoder();

/** The size of what is written: bytes, a text, or nothing. */
function sizeOf(chunk: unknown): number {
  if (typeof chunk === "string") return encoder.encode(chunk).byteLength;
  return ArrayBuffer.isView(chunk) ? chunk.byteLength : 0;
}

function isOutgoing(value: unknown): value is Outgoing {
  return typeof value === "object" && value !== null && "closed" in value &&
    "on" in value && typeof value.on === "function";
}

const bunResponses = new BunResponses();

/** Which objects tell the addresses of what they know, as Bun's server does. */
const isServer = new WeakMap<object, boolean>();

/** Finds Bun's server. */
function bunServer(context: ServerContext): BunServer | undefined {
  const server = typeof context.requestIP === "function"
    ? context as BunServer
    : context.server as BunServer | undefined;
  if (typeof server?.requestIP !== "function") return undefined;
  let isKnown = isServer.get(server);
  if (isKnown === undefined) {
    // A stand-in, as of a test, knows the address of any request.
    isKnown = server.requestIP(new Request("http://localhost/")) === null;
    isServer.set(server, isKnown);
  }
  return isKnown ? server : undefined;
}
