import type { ListenOptions } from "../../src/runtime/types.ts";
import { UnsentAnswers } from "../../src/runtime/unsent_answers.ts";

/** Parts of a listener's options that have no bearing on a test. */
export function unlimited(): Pick<ListenOptions, "unsent" | "onError"> {
  const limits = {
    maxInFlight: Infinity,
    maxHeldBytes: Infinity,
    sendTimeout: 60_000,
  };
  const onError = (error: Error) => {
    throw error;
  };
  return { unsent: new UnsentAnswers(limits, onError), onError };
}
