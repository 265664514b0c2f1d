import { runtimeName } from "../runtime/detect.ts";
import { nextTurn } from "../runtime/wait.ts";
import type { ResponseWatcher } from "../runtime/response_end.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * Watches the body of a response to its end, where its server does not tell.
 *
 * A body that is complete has ended when the handler has answered. Its response is
 * kept: servers send it with its length, and faster than a stream. Of a stream,
 * {@linkcode sizeOfWhole} may read some chunks ahead.
 *
 * @returns The response, or another one with the same content.
 */
export async function watchBody(
  response: Response,
  watcher: ResponseWatcher,
): Promise<Response> {
  const size = await sizeOfWhole(response);
  if (size !== undefined) {
    watcher.onBytes(size);
    watcher.onEnd();
    return response;
  }
  // Bun adds the types of some bodies to the headers only when asked for them.
  response.headers.get("content-type");
  return new Response(watched(response.body!.getReader(), watcher), response);
}

/** The most chunks of a complete body: a form has 2, and on Bun a text many. */
const MAX_CHUNKS = runtimeName() === "bun" ? 32 : 2;
const MAX_BYTES = 8_000_000;

/**
 * The size of a complete body, which ends before the event loop turns. Reads a
 * copy, since reading turns the original into a stream.
 *
 * @returns `undefined` if it is a stream, or too large to tell.
 * @throws {TypeError} If the body was read before, or the response is not
 * web-standard.
 */
async function sizeOfWhole(response: Response): Promise<number | undefined> {
  const { body } = response.clone();
  if (body === null) return 0;
  const reader = body.getReader();
  const turned = new Promise<undefined>((resolve) => {
    nextTurn(() => resolve(undefined));
  });
  let size = 0;
  try {
    for (let chunks = 0; chunks <= MAX_CHUNKS; chunks++) {
      const read = await Promise.race([reader.read(), turned]);
      if (read === undefined) break;
      if (read.done) return size;
      // A stream may have other chunks, which the server refuses.
      if (!(read.value instanceof Uint8Array)) break;
      size += read.value.byteLength;
      // After a single chunk, however large, the next read may tell the end.
      if (size > MAX_BYTES && chunks > 0) break;
    }
  } catch {
    // The reader of the original gets the same error.
  }
  // Not awaited: it settles when both bodies have ended.
  reader.cancel().catch(() => {});
  return undefined;
}

interface WatchedStream {
  readonly watcher: ResponseWatcher;
  /** The time of the last read, in milliseconds. */
  readAt: number;
}

/**
 * Streams that were neither read to the end nor cancelled: code that replaces a
 * response may leave its body alone.
 */
const abandoned = new FinalizationRegistry<WatchedStream>(
  ({ watcher, readAt }) => watcher.onEnd(readAt),
);

function watched(
  reader: ReadableStreamDefaultReader<Bytes>,
  watcher: ResponseWatcher,
): ReadableStream<Bytes> {
  const state: WatchedStream = { watcher, readAt: performance.now() };
  const stream = new ReadableStream<Bytes>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (done) {
          watcher.onEnd();
          controller.close();
        } else {
          state.readAt = performance.now();
          watcher.onBytes(value instanceof Uint8Array ? value.byteLength : 0);
          controller.enqueue(value);
        }
      } catch (error) {
        watcher.onEnd();
        throw error;
      }
    },
    async cancel(reason) {
      watcher.onEnd();
      await reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
  abandoned.register(stream, state);
  return stream;
}
