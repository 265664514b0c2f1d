/**
 * The errors of a metrics server's thread: one that has not started, has ended
 * by itself, or does not close.
 *
 * @module
 */

import { ThreadError } from "../errors.ts";
import type { ThreadReply } from "../runtime/thread.ts";
import { fromSent, type SentError } from "./sent_error.ts";

/**
 * Makes the error of a thread that has not started.
 *
 * @param reply How starting went; `undefined` if that is not known in time.
 * @param entry The URL of the thread's module.
 * @param ms How long it may take.
 */
export function startError(
  reply: Exclude<ThreadReply, { readonly started: unknown }> | undefined,
  entry: string,
  ms: number,
): Error {
  if (reply === undefined) {
    return new ThreadError({
      message: "Cannot start metrics server: its thread must be ready, and " +
        `registered, within ${ms} ms, received nothing`,
    });
  }
  if ("failed" in reply) return fromSent(reply.failed as SentError);
  if ("ended" in reply) return endError(reply.ended);
  // The runtime's words, without the program that has imported the module.
  const words = JSON.stringify(
    reply.unloadable.replace(/ imported from .*/s, ""),
  );
  return new ThreadError({
    message: "Cannot start metrics server: the module of its thread, " +
      `"${entry}", must be there with what it needs, received ${words}; an ` +
      "application whose modules are in one file passes it as `entry`",
  });
}

/** Makes the error of a thread that has ended although nobody has ended it. */
export function endError(
  exitCode: number,
  cause?: unknown,
  isRegistered = false,
): ThreadError {
  return new ThreadError({
    message: "Cannot serve metrics: the server's thread must run until it is " +
      `closed, received its end with exit code ${exitCode}` +
      (isRegistered ? "; it stays registered" : ""),
    exitCode,
    ...cause !== undefined && { cause },
  });
}

/** Makes the error of a thread that does not close in time. */
export function closeError(ms: number, isRegistered: boolean): ThreadError {
  return new ThreadError({
    message: "Cannot close metrics server: its thread must answer " +
      `within ${ms} ms, received nothing; it is ended as it is` +
      (isRegistered ? ", and stays registered" : ""),
  });
}
