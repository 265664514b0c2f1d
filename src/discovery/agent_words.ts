import { messageOf } from "../message_of.ts";

/** The longest answer that is read, in bytes. */
const MAX_BYTES = 1024 * 1024;

/** How much of an agent's words is passed on. */
const MAX_WORDS = 1000;

/** How deep causes are followed: they may be endless. */
const MAX_DEPTH = 4;

/**
 * Reads the text of an answer; of one without end, as much as a whole answer may
 * be.
 */
export async function limitedText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  // An answer may have no body, and one of a fetch of the user's own another.
  if (typeof response.body?.getReader !== "function") {
    return String(await response.text());
  }
  const reader = response.body.getReader();
  while (bytes < MAX_BYTES) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.byteLength;
    text += decoder.decode(value, { stream: true });
  }
  await reader.cancel();
  return text;
}

/** Why a connection failed; Node says that in what has caused the error. */
export function reasonOf(error: unknown): string {
  let reason = error;
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const { cause, errors } = (reason ?? {}) as Partial<AggregateError>;
    const next = Array.isArray(errors) ? errors[0] : cause;
    if (!(next instanceof Error)) break;
    reason = next;
  }
  return messageOf(reason);
}

/** The words of an agent, on one line, and without the token. */
export function wordsOf(text: string, token: string | undefined): string {
  const line = withoutToken(text, token).trim().replaceAll(/\s+/g, " ");
  return line.length > MAX_WORDS ? `${line.slice(0, MAX_WORDS)}…` : line;
}

function withoutToken(text: string, token: string | undefined): string {
  if (token === undefined) return text;
  const escaped = JSON.stringify(token).slice(1, -1);
  const without = text.replaceAll(escaped, "[token]");
  // A short one may stand in what has taken its place.
  return escaped === token ? without : without.replaceAll(token, "[token]");
}
