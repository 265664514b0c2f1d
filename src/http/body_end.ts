import { runtimeName } from "../runtime/detect.ts";
import { nextTurn } from "../runtime/pace.ts";
import type { ResponseWatcher } from "../runtime/response_end.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * Watches the body of a response to its end, where its server does not tell.
 *
 * A body that is all there has ended when the handler has answered; the response
 * is left alone then, since servers send what is no stream with its length, and
 * faster. Of a stream that is ready before it is read, as much is read ahead as
 * {@linkcode sizeOfWhole} looks at.
 *
 * @returns The response, or what takes its place.
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
  // Bun has the types of some bodies among the headers when they are asked for.
  response.headers.get("content-type");
  return new Response(watched(response.body!.getReader(), watcher), response);
}

/** What is looked at of a body: a form has two chunks, and on Bun a text many. */
const MAX_CHUNKS = runtimeName() === "bun" ? 32 : 2;
const MAX_BYTES = 8_000_000;

/**
 * The size of a body that is all there: it comes to its end before the event loop
 * turns. It is a copy that is looked at, for the original would be a stream then.
 *
 * @returns `undefined` if it is a stream, or too large to tell.
 * @throws {TypeError} If the body was read by somebody else, or the response is no
 * web-standard one.
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
      // A stream may have chunks that are none, which the server refuses.
      if (!(read.value instanceof Uint8Array)) break;
      size += read.value.byteLength;
      // Of one chunk that is larger the next read tells the end.
      if (size > MAX_BYTES && chunks > 0) break;
    }
  } catch {
    // Whoever reads the other one gets it.
  }
  // Settles when the other one has come to its end, too.
  reader.cancel().catch(() => {});
  return undefined;
}

/** A stream that is watched. */
interface WatchedStream {
  readonly watcher: ResponseWatcher;
  /** When something was read of it last, in milliseconds. */
  readAt: number;
}

/**
 * Streams that nobody read to the end, or cancelled: who puts another response in
 * the place of one may leave its body alone.
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
