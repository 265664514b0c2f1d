import { nextTurn } from "../runtime/pace.ts";

/** Is told what becomes of a body. */
export interface BodyFollower {
  /** Takes the number of bytes that are handed on. */
  onBytes(bytes: number): void;
  /** The body is at its end, has failed, or is not wanted any more. */
  onEnd(): void;
}

/**
 * Follows the body of a response to its end.
 *
 * A body that is all there is known at once, and stays one: servers send it with
 * its length, and faster than a stream. Of any other, two chunks are asked for
 * before somebody reads it.
 *
 * @returns The response that takes the place of the one given, whose body is
 * used up.
 */
export async function followBody(
  response: Response,
  follower: BodyFollower,
): Promise<Response> {
  const { body } = response;
  if (body === null || body.locked || response.bodyUsed) {
    if (body === null) follower.onBytes(0);
    follower.onEnd();
    return response;
  }
  const reader = body.getReader();
  const chunks = [reader.read(), reader.read()];
  const turned = new Promise<undefined>((resolve) => {
    nextTurn(() => resolve(undefined));
  });
  const whole = await Promise.race([wholeOf(chunks), turned]);
  if (whole !== undefined) {
    follower.onBytes(whole.byteLength);
    follower.onEnd();
    return new Response(whole, response);
  }
  return new Response(followed(reader, chunks, follower), response);
}

type Chunk = ReadableStreamReadResult<Uint8Array<ArrayBuffer>>;
type Reader = ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;

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

function followed(
  reader: Reader,
  chunks: Promise<Chunk>[],
  follower: BodyFollower,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await (chunks.shift() ?? reader.read());
        if (done) {
          follower.onEnd();
          controller.close();
        } else {
          follower.onBytes(value?.byteLength ?? 0);
          controller.enqueue(value);
        }
      } catch (error) {
        follower.onEnd();
        throw error;
      }
    },
    async cancel(reason) {
      follower.onEnd();
      await reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}
