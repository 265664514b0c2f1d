/**
 * Learning when a response was sent, from the second argument of handlers
 * (`context`): each runtime's server has its own, which is known by its shape.
 *
 * @module
 */

import {
  BunResponses,
  type BunServer,
  RequestOrigin,
} from "./bun_responses.ts";

export { RequestOrigin };

/** Is told the progress of a response. */
export interface ResponseWatcher {
  /** Takes the number of bytes of the body that were just written. */
  onBytes(bytes: number): void;
  /** The response was sent, has failed, or its client has gone, `at` or just now. */
  onEnd(at?: number): void;
}

interface ServerContext {
  /** Deno's: settles with the response. */
  readonly completed?: unknown;
  /** Node's response, from `@hono/node-server`; `undefined` for a WebSocket. */
  readonly outgoing?: unknown;
  /** Bun's server is the argument itself. */
  readonly requestIP?: unknown;
  /** Bun's server, as applications pass it on. */
  readonly server?: unknown;
}

/** The used part of Node's `ServerResponse`, of HTTP/1.1 or HTTP/2. */
interface Outgoing {
  readonly closed?: boolean;
  readonly destroyed?: boolean;
  /** HTTP/2's. */
  readonly stream?: { readonly destroyed: boolean };
  on(event: "close", listener: () => void): unknown;
  write(...given: unknown[]): unknown;
  end(...given: unknown[]): unknown;
  flushHeaders(...given: unknown[]): unknown;
  writeHead(...given: unknown[]): unknown;
}

/**
 * Tells a watcher when the response to a request has ended: on Deno when the
 * server has it, on Node when the system has it, on Bun when the request is
 * closed. Call it before the response is returned.
 *
 * @param origin Samples requests like this one.
 * @returns Whether the server tells; if not, `onEnd` is never called.
 */
export function watchEnd(
  context: unknown,
  request: object,
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
  if (watchClose(outgoing, () => watcher.onEnd())) return true;
  const server = bunServer(context);
  return server !== undefined &&
    bunResponses.add(server, request, watcher, origin);
}

/**
 * Tells when a response of Node's is closed: the system has it, or its client has
 * gone.
 *
 * @returns Whether it is such a response.
 */
export function watchClose(outgoing: unknown, onEnd: () => void): boolean {
  if (!isOutgoing(outgoing)) return false;
  const { closed, destroyed, stream } = outgoing;
  if (closed || destroyed || stream?.destroyed) onEnd();
  else outgoing.on("close", onEnd);
  return true;
}

type Writing = "write" | "end" | "flushHeaders" | "writeHead";

/** Calls a function before each call of some methods, with the first argument. */
function before(
  outgoing: Outgoing,
  names: readonly Writing[],
  call: (name: Writing, first: unknown) => void,
): void {
  for (const name of names) {
    const method = outgoing[name];
    outgoing[name] = function (...given) {
      call(name, given[0]);
      return method.apply(this, given);
    };
  }
}

/** Tells a watcher the bytes that are written, if the server shows them. */
export function watchBytes(
  context: unknown,
  watcher: Pick<ResponseWatcher, "onBytes">,
): boolean {
  const { outgoing } = (context ?? {}) as ServerContext;
  if (!isOutgoing(outgoing)) return false;
  let isEnding = false;
  before(outgoing, ["write", "end"], (name, chunk) => {
    // `end` may pass its argument to `write`.
    if (!isEnding) watcher.onBytes(sizeOf(chunk));
    if (name === "end") isEnding = true;
  });
  return true;
}

/** Tells when the first byte of a response of Node's is written. */
export function watchFirstByte(outgoing: unknown, onFirst: () => void): void {
  if (!isOutgoing(outgoing)) return;
  const names: Writing[] = ["write", "end", "flushHeaders"];
  if (outgoing.stream) names.push("writeHead");
  before(outgoing, names, onFirst);
}

interface Asking {
  readonly headers: Pick<Headers, "get">;
}

export function asksForWebSocket({ headers }: Asking): boolean {
  return headers.get("upgrade")?.toLowerCase() === "websocket";
}

/** Tells whether a handler has made a WebSocket; its response may not show that. */
export function isUpgraded(context: unknown, request: Asking): boolean {
  if (typeof context !== "object" || context === null) return false;
  const server = bunServer(context);
  const isHandshake = server === undefined
    ? "outgoing" in context && context.outgoing === undefined
    // Reading the headers of every request would cost a tenth of the throughput.
    : server.pendingWebSockets > 0;
  return isHandshake && asksForWebSocket(request) &&
    (server?.requestIP(request) ?? null) === null;
}

/**
 * Reads the headers of a request that may become a WebSocket: after the upgrade
 * Deno shows only headers that were read before.
 */
export function keepHeaders(context: unknown, request: Asking): void {
  const { completed } = (context ?? {}) as ServerContext;
  if (completed instanceof Promise && asksForWebSocket(request)) {
    void [...request.headers as Headers];
  }
}

const encoder = new TextEncoder();

function sizeOf(chunk: unknown): number {
  if (typeof chunk === "string") return encoder.encode(chunk).byteLength;
  return ArrayBuffer.isView(chunk) ? chunk.byteLength : 0;
}

function isOutgoing(value: unknown): value is Outgoing {
  return typeof value === "object" && value !== null &&
    "writableEnded" in value && "on" in value && typeof value.on === "function";
}

const bunResponses = new BunResponses();

/** Objects with `requestIP`, and whether they behave as Bun's server does. */
const isServer = new WeakMap<object, boolean>();

function bunServer(context: ServerContext): BunServer | undefined {
  const server = typeof context.requestIP === "function"
    ? context as BunServer
    : context.server as BunServer | undefined;
  if (typeof server?.requestIP !== "function") return undefined;
  let isKnown = isServer.get(server);
  if (isKnown === undefined) {
    // A stand-in, as in tests, knows the address of any request.
    isKnown = server.requestIP(new Request("http://localhost/")) === null;
    isServer.set(server, isKnown);
  }
  return isKnown ? server : undefined;
}
