import { messageOf, quote } from "../../base/describe.ts";
import { ThreadError } from "../../errors.ts";
import type { ThreadReply } from "../../runtime/thread.ts";
import { fromSent, type SentError } from "../sent_error.ts";

/** Makes the error of a thread that the runtime refuses. */
export function refusedError(cause: unknown): ThreadError {
  const isForbidden = (cause as { code?: string }).code === "ERR_ACCESS_DENIED";
  const wayOut = isForbidden ? "; allow threads with --allow-worker" : "";
  return new ThreadError({
    message: "Cannot start metrics server: its thread was refused: " +
      quote(messageOf(cause)) + wayOut,
    cause,
  });
}

/** Makes the error of a start that failed, or had no outcome within `ms`. */
export function startError(
  reply: Exclude<ThreadReply, { readonly started: unknown }> | undefined,
  entry: string,
  ms: number,
): Error {
  if (reply === undefined) {
    return new ThreadError({
      message: "Cannot start metrics server: its thread was not ready and " +
        `registered within ${ms} ms`,
    });
  }
  if ("failed" in reply) return fromSent(reply.failed as SentError);
  if ("ended" in reply) return endError("start", reply.ended);
  // Without the program of the thread, which is long.
  const reason = reply.unloadable.replace(/ imported from .*/s, "");
  return new ThreadError({
    message: "Cannot start metrics server: the module of its thread, " +
      `${quote(entry)}, could not be loaded: ${quote(reason)}; an ` +
      "application that is bundled into one file passes it as `entry`",
  });
}

/** Makes the error of a thread that ends by itself, while it starts or serves. */
export function endError(
  task: "start" | "serve",
  exitCode: number,
  cause?: unknown,
  isRegistered = false,
): ThreadError {
  const [action, before] = task === "start"
    ? ["start metrics server", "the start was over"]
    : ["serve metrics", "close()"];
  return new ThreadError({
    message:
      `Cannot ${action}: the server thread exited with code ${exitCode} ` +
      `before ${before}${isRegistered ? "; the server stays registered" : ""}`,
    exitCode,
    ...cause !== undefined && { cause },
  });
}

/** Makes the error of a thread that gives no sign of life for `ms`. */
export function hangError(ms: number, isReplaced: boolean): ThreadError {
  return new ThreadError({
    message: `Cannot serve metrics: the server thread has hung for ${ms} ms; ` +
      (isReplaced
        ? "another one takes its place"
        : "it goes on when it can, or is replaced with restartThread"),
  });
}

export function closeError(ms: number, isRegistered: boolean): ThreadError {
  return new ThreadError({
    message:
      `Cannot close metrics server: its thread did not answer in ${ms} ` +
      `ms and is ended${isRegistered ? "; the server stays registered" : ""}`,
  });
}
