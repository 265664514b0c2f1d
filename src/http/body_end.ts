import { nextTurn } from "../runtime/pace.ts";
import type { ResponseWatcher } from "../runtime/response_end.ts";

type Chunk = ReadableStreamReadResult<Uint8Array<ArrayBuffer>>;
type Reader = ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;

/**
 * Watches the body of a response to its end, where its server does not tell.
 *
 * A body that is all there is known at once, and stays one: servers send it with
 * its length, and faster than a stream. Of any other, two chunks are asked for
 * before somebody reads it.
 *
 * @returns The response that takes the place of the one given, whose body is
 * used up.
 */
export async function watchBody(
  response: Response,
  watcher: ResponseWatcher,
): Promise<Response> {
  const { body } = response;
  if (typeof body?.getReader !== "function" || body.locked) {
    // None, or one that somebody else reads, or no web-standard response.
    if (body === null) watcher.onBytes(0);
    watcher.onEnd();
    return response;
  }
  const reader = body.getReader();
  const chunks = [reader.read(), reader.read()];
  const turned = new Promise<undefined>((resolve) => {
    nextTurn(() => resolve(undefined));
  });
  const whole = await Promise.race([wholeOf(chunks), turned]);
  if (whole !== undefined) {
    watcher.onBytes(whole.byteLength);
    watcher.onEnd();
    return new Response(whole, response);
  }
  return new Response(watched(reader, chunks, watcher), response);
}

/** The body, if it has at most one chunk; it may never be known. */
async function wholeOf(
  chunks: readonly Promise<Chunk>[],
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    const [first, second] = await Promise.all(chunks);
    if (first.done) return new Uint8Array();
    // A stream may have chunks that are none, which the server refuses.
    const isWhole = second.done && first.value instanceof Uint8Array;
    return isWhole ? first.value : undefined;
  } catch {
    // Whoever reads the stream gets it.
    return undefined;
  }
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
  reader: Reader,
  chunks: Promise<Chunk>[],
  watcher: ResponseWatcher,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const state: WatchedStream = { watcher, readAt: performance.now() };
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      try {
        const { done, value } = await (chunks.shift() ?? reader.read());
        if (done) {
          watcher.onEnd();
          controller.close();
        } else {
          state.readAt = performance.now();
          watcher.onBytes(value?.byteLength ?? 0);
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
