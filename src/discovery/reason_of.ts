import { messageOf } from "../message_of.ts";

/** How deep causes are followed: they may be endless. */
const MAX_DEPTH = 4;

/** Why a connection failed; Node says that in what has caused the error. */
export function reasonOf(error: unknown): string {
  let reason = error;
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const { cause, errors } = (reason ?? {}) as {
      cause?: unknown;
      errors?: unknown;
    };
    const next = Array.isArray(errors) ? errors[0] : cause;
    if (!(next instanceof Error)) break;
    reason = next;
  }
  return messageOf(reason);
}
