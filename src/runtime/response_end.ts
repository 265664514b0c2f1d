/**
 * Learning when a response was sent, in the way that each runtime's server has
 * for it. Servers hand it to their handlers as a second argument, which
 * frameworks pass on; it is known by its shape.
 *
 * @module
 */

import { OpenResponses, type RequestAddresses } from "./open_responses.ts";

/** Is told when a response was sent, or its client has gone. */
export interface Ending {
  end(): void;
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
 * Lets `ending` know when the response to a request was sent, to the last byte
 * that was handed to the system, or when the client has gone.
 *
 * To be called when the handler has answered.
 *
 * @param context The handler's second argument.
 * @returns Whether the server tells; if not, `ending` is never called.
 */
export function watchEnd(
  context: unknown,
  request: Request,
  ending: Ending,
): boolean {
  if (typeof context !== "object" || context === null) return false;
  const { completed, outgoing } = context as ServerContext;
  if (completed instanceof Promise) {
    const end = () => ending.end();
    completed.then(end, end);
    return true;
  }
  if (isOutgoing(outgoing)) {
    if (outgoing.closed || outgoing.destroyed) ending.end();
    else outgoing.on("close", () => ending.end());
    return true;
  }
  const server = addressesOf(context);
  if (server === undefined) return false;
  openResponses.add({ server, request, ending });
  return true;
}

/**
 * Lets `onBytes` know how much is written of a response's body.
 *
 * @param context The handler's second argument.
 * @returns Whether the server tells; if not, `onBytes` is never called.
 */
export function watchBytes(
  context: unknown,
  onBytes: (bytes: number) => void,
): boolean {
  const { outgoing } = (context ?? {}) as ServerContext;
  if (!isOutgoing(outgoing)) return false;
  const { write, end } = outgoing;
  let isEnding = false;
  outgoing.write = function (...given) {
    if (!isEnding) onBytes(sizeOf(given[0]));
    return write.apply(this, given);
  };
  outgoing.end = function (...given) {
    // What is given to `end` may come to `write`, too.
    if (!isEnding) onBytes(sizeOf(given[0]));
    isEnding = true;
    return end.apply(this, given);
  };
  return true;
}

/**
 * Tells whether the handler has made a WebSocket of the request, where what it
 * has returned does not show that.
 */
export function isUpgraded(context: unknown, request: Request): boolean {
  if (typeof context !== "object" || context === null) return false;
  const server = addressesOf(context);
  if (server !== undefined) {
    // Reading the headers would cost all others a tenth of the throughput.
    return server.pendingWebSockets > 0 && isUpgrade(request) &&
      server.requestIP(request) === null;
  }
  return "outgoing" in context && context.outgoing === undefined &&
    isUpgrade(request);
}

const encoder = new TextEncoder();

/** The size of what is written: bytes, a text, or nothing. */
function sizeOf(chunk: unknown): number {
  if (typeof chunk === "string") return encoder.encode(chunk).byteLength;
  return ArrayBuffer.isView(chunk) ? chunk.byteLength : 0;
}

const openResponses = new OpenResponses();

function isUpgrade({ headers }: Request): boolean {
  return headers.get("upgrade")?.toLowerCase() === "websocket";
}

function isOutgoing(value: unknown): value is Outgoing {
  return typeof value === "object" && value !== null && "closed" in value &&
    "on" in value && typeof value.on === "function";
}

/** Whether Bun's servers know their clients' addresses: not on unix sockets. */
const knowsAddresses = new WeakMap<object, boolean>();

/** Finds Bun's server, if it knows its clients' addresses. */
function addressesOf(context: ServerContext): RequestAddresses | undefined {
  const server = typeof context.requestIP === "function"
    ? context as RequestAddresses
    : context.server as RequestAddresses | undefined;
  if (typeof server?.requestIP !== "function") return undefined;
  let isKnown = knowsAddresses.get(server);
  if (isKnown === undefined) {
    isKnown = typeof server.port === "number";
    knowsAddresses.set(server, isKnown);
  }
  return isKnown ? server : undefined;
}
