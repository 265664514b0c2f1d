/** Common parts of the adapters of `Deno.serve` and `Bun.serve`. */

import { type Answer, type ResponseClass, toResponse } from "../answer.ts";
import type { ConnectionLimits } from "./types.ts";
import type { UnsentAnswer, UnsentAnswers } from "./unsent_answers.ts";

/** The longest body of a request, in bytes: no request here needs one. */
export const MAX_BODY_BYTES: number = 64 * 1024;

/**
 * The size of a body that is sent as it is: the system takes most of it even if the
 * client does not read, and a stream would cost a third more.
 */
export const SMALL_BODY_BYTES: number = 128 * 1024;

/** Names the limits that are set, which only `node:http` can keep. */
export function limitNames(limits: ConnectionLimits = {}): string[] {
  return Object.entries(limits)
    .filter(([, limit]) => limit !== undefined)
    .map(([name]) => name);
}

/**
 * Makes a response of the runtime's own class, which its server requires. A body
 * that the system may not take at once is a stream: nothing else tells of clients
 * that do not read, and lets them be cut off.
 *
 * @param completed Settles when the answer is sent, where the server tells; by
 * default it is when the server has taken the whole stream.
 */
export function nativeResponse(
  request: Request,
  answer: Answer,
  unsent: UnsentAnswers,
  completed?: Promise<void>,
): Response {
  const { body, headers, onSent } = answer;
  const bytes = typeof body === "string" && body.length > SMALL_BODY_BYTES
    ? new TextEncoder().encode(body)
    : body;
  const isWatched = bytes instanceof Uint8Array &&
    (bytes.byteLength > SMALL_BODY_BYTES || onSent !== undefined);
  if (!isWatched) return toResponse(answer, nativeClass());
  const length = { "content-length": String(bytes.byteLength) };
  const told = { ...answer, headers: { ...headers, ...length } };
  if (request.method === "HEAD") {
    return toResponse({ ...told, body: null }, nativeClass());
  }
  const source = new WatchedBody(bytes, unsent, { onSent, completed });
  if (completed === undefined) {
    // Bun asks for nothing, and cancels nothing, if the client has gone before.
    request.signal.addEventListener("abort", () => source.cancel());
  }
  return toResponse(told, nativeClass(), new ReadableStream(source));
}

/**
 * Finds the runtime's own class. The global one may be another: `serve()` of
 * `@hono/node-server` replaces it by a subclass.
 */
export function nativeClass(): ResponseClass {
  let native = globalThis.Response;
  for (;;) {
    const parent = Object.getPrototypeOf(native);
    if (parent === Function.prototype) return native;
    native = parent;
  }
}

/** The size of a chunk, in bytes. */
const CHUNK_BYTES = 64 * 1024;

/** A body as the source of a stream. It lets go of the bytes when it has ended. */
class WatchedBody implements UnderlyingDefaultSource {
  #rest: Uint8Array | undefined;
  #cut: (() => void) | undefined;
  readonly #unsent: UnsentAnswers;
  readonly #answer: UnsentAnswer;
  readonly #onSent: (() => void) | undefined;
  readonly #isCompletedByServer: boolean;

  constructor(
    bytes: Uint8Array,
    unsent: UnsentAnswers,
    { onSent, completed }: {
      readonly onSent: (() => void) | undefined;
      readonly completed: Promise<void> | undefined;
    },
  ) {
    this.#rest = bytes;
    this.#unsent = unsent;
    this.#answer = unsent.add(bytes, () => this.#cut?.());
    this.#onSent = onSent;
    this.#isCompletedByServer = completed !== undefined;
    const end = () => this.cancel();
    completed?.then(end, end);
  }

  start(controller: ReadableStreamDefaultController): void {
    this.#cut = () => {
      this.#rest = undefined;
      controller.error(new Error("The client was cut off"));
    };
  }

  pull(controller: ReadableStreamDefaultController): void {
    this.#unsent.taken(this.#answer);
    const rest = this.#rest;
    if (rest === undefined) return controller.close();
    if (rest.byteLength > 0) {
      this.#rest = rest.subarray(CHUNK_BYTES);
      // A part of the same memory would hold the whole while the server has it.
      return controller.enqueue(rest.slice(0, CHUNK_BYTES));
    }
    controller.close();
    this.#onSent?.();
    if (!this.#isCompletedByServer) this.cancel();
  }

  cancel(): void {
    this.#rest = undefined;
    this.#unsent.remove(this.#answer);
  }
}
