import { Buffer } from "node:buffer";
import type { IncomingMessage, ServerResponse } from "node:http";
import { type Answer, type MetricsRequest, sentHeaders } from "../answer.ts";
import type { RequestHandler } from "./types.ts";
import type { UnsentAnswer, UnsentAnswers } from "./unsent_answers.ts";

/**
 * Longer bodies are written in slices, as fast as the client reads. Bun counts
 * buffered bytes as sent when an answer ends, and `close()` would cut them off.
 */
const SLICE_BYTES = 64 * 1024;

/**
 * Makes the listener of `node:http` for requests. It writes answers as they are:
 * making a `Request` and a `Response` would double the time of a scrape.
 */
export function requestListener(
  handler: RequestHandler,
  unsent: UnsentAnswers,
): (incoming: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (incoming, response) => {
    const remoteAddress = () => incoming.socket.remoteAddress;
    try {
      const answer = await handler(requestOf(incoming), remoteAddress);
      await send(incoming, response, answer, unsent);
    } catch {
      // An error here would be an unhandled rejection, which ends the process.
      response.destroy();
    }
  };
}

function requestOf(
  { method = "", url = "", headers }: IncomingMessage,
): MetricsRequest {
  return { method, url, headers: headersOf(headers) };
}

/** Reads Node's headers as those of a `Request` are, by names in lower case. */
export function headersOf(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): Pick<Headers, "get" | "has"> {
  return {
    get(name) {
      const value = headers[name] ?? null;
      return typeof value === "string" ? value : value?.join(", ") ?? null;
    },
    has: (name) => headers[name] !== undefined,
  };
}

async function send(
  incoming: IncomingMessage,
  response: ServerResponse,
  { status, headers, body, onSent }: Answer,
  unsent: UnsentAnswers,
): Promise<void> {
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  // Without a length Node would send the body in chunks.
  const length = { "content-length": bytes?.byteLength ?? 0 };
  const isUntold = status !== 204 && !("content-length" in headers);
  response.writeHead(status, {
    ...sentHeaders(headers),
    ...isUntold && length,
  });
  if (onSent) response.once("finish", onSent);
  const isHead = incoming.method === "HEAD";
  if (isHead || bytes === null) return void response.end();
  let rest: UnsentAnswer | undefined;
  let isClosed = false;
  try {
    for (let at = 0; !isClosed && at < bytes.byteLength; at += SLICE_BYTES) {
      if (response.write(bytes.subarray(at, at + SLICE_BYTES))) continue;
      if (rest === undefined) {
        rest = unsent.add(bytes, () => cut(incoming, response));
        isClosed = hasEnded(response);
        response.once("close", () => isClosed = true);
      }
      if (!isClosed) await until("drain", response);
      unsent.taken(rest);
    }
  } finally {
    if (rest) unsent.remove(rest);
  }
  if (!isClosed) response.end();
}

/** HTTP/2 tells by the stream. */
function hasEnded(response: ServerResponse): boolean {
  const { stream } = response as { stream?: { readonly destroyed: boolean } };
  return response.destroyed || stream?.destroyed === true;
}

/** Ends a response, also one that waits for others of its connection. */
function cut(
  incoming: IncomingMessage,
  response: ServerResponse,
): void {
  (response.socket === null ? incoming.socket : response).destroy();
}

/** Waits for an event of a response, or until it is closed. */
export function until(
  event: "drain" | "finish",
  response: ServerResponse,
): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      response.off(event, end);
      response.off("close", end);
      resolve();
    };
    response.on(event, end);
    response.on("close", end);
  });
}
