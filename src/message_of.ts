import { describe } from "./describe.ts";

/** What an error says, or what else was thrown; both may be anything. */
export function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? `${error.message}` : describe(error);
  } catch {
    return "something that cannot be described";
  }
}
