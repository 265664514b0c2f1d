import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { Agent as TlsAgent, request as requestByTls } from "node:https";
import { Readable } from "node:stream";
import type { ClientTls, FetchClient } from "./types.ts";

/** The statuses of responses without a body (RFC 9110, 6.4.1). */
const BODILESS: readonly (number | undefined)[] = [204, 205, 304];

/**
 * Makes a `fetch` of `node:http` and `node:https`: Node's own takes neither
 * credentials nor a unix socket. It follows no redirections, and upgrades nothing.
 */
export function nodeFetchClient(
  { tls, unix }: { readonly tls?: ClientTls; readonly unix?: string },
): FetchClient {
  // Without `keepAlive`: a connection ends with its answer.
  const [agent, tlsAgent] = [new Agent(), new TlsAgent({ ...tls })];
  return {
    async fetch(url, { method, headers, body, signal }) {
      const isTls = url.startsWith("https:");
      const send = isTls ? requestByTls : request;
      const sent = send(url, {
        agent: isTls ? tlsAgent : agent,
        method,
        headers: Object.fromEntries(new Headers(headers)),
        socketPath: unix,
        signal: signal ?? undefined,
      });
      // The connection may fail after the response has begun, which its body tells.
      sent.on("error", () => {});
      sent.once("upgrade", (_response, socket) => {
        socket.destroy();
        sent.emit("error", new Error("it answers with another protocol"));
      });
      try {
        sent.end(body ?? undefined);
        const [received] = await once(sent, "response");
        return responseOf(received);
      } catch (error) {
        signal?.throwIfAborted();
        throw error;
      }
    },
    close() {
      agent.destroy();
      tlsAgent.destroy();
      return Promise.resolve();
    },
  };
}

function responseOf(received: IncomingMessage): Response {
  const { statusCode: status, statusMessage: statusText } = received;
  try {
    const headers = new Headers();
    for (const [name, values] of Object.entries(received.headersDistinct)) {
      for (const value of values ?? []) headers.append(name, value);
    }
    const isBodiless = BODILESS.includes(status);
    if (isBodiless) received.resume();
    const body = isBodiless ? null : Readable.toWeb(received);
    const init = { status, statusText, headers };
    return new Response(body as ReadableStream<Uint8Array> | null, init);
  } catch (error) {
    // A status that no response can have.
    received.destroy();
    throw error;
  }
}
