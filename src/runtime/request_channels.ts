/** The channels by which a runtime tells of requests, whoever handles them. */

import { channel } from "node:diagnostics_channel";

/** A response of `node:http`, or a stream of `node:http2`. */
interface Outgoing {
  once(event: "close", listener: () => void): unknown;
}

/** A request, as `node:http` has it, and what tells of its end. */
export interface ToldRequest {
  readonly request: {
    readonly method?: string;
    readonly headers: Readonly<
      Record<string, string | readonly string[] | undefined>
    >;
  };
  readonly response: {
    readonly statusCode: number;
    readonly headersSent: boolean;
  };
  readonly outgoing: Outgoing;
}

/** Whether requests of HTTP/1 are told; Bun tells of HTTP/2 alone. */
export const TELLS_HTTP1: boolean = !("Bun" in globalThis);

/**
 * Calls a function with each request, before its listener is called. It must not
 * throw: that would be an uncaught error of the application.
 */
export function onRequest(listener: (told: ToldRequest) => void): void {
  channel("http.server.request.start").subscribe((message) => {
    const { request, response } = message as {
      request: ToldRequest["request"];
      response: ToldRequest["response"] & Outgoing;
    };
    listener({ request, response, outgoing: response });
  });
  channel("http2.server.stream.start").subscribe((message) => {
    const { stream, headers } = message as {
      stream: Http2Stream;
      headers: ToldRequest["request"]["headers"];
    };
    const request = { method: String(headers[":method"]), headers };
    const response = new StreamResponse(stream);
    listener({ request, response, outgoing: stream });
  });
}

/** Calls a function with the routes that Fastify, from 5 on, has found. */
export function onRoute(
  listener: (route: string, response: { readonly stream?: object }) => void,
): void {
  channel("tracing:fastify.request.handler:start").subscribe((message) => {
    const { request, reply } = message as {
      request?: { readonly routeOptions?: { readonly url?: string } };
      reply?: { readonly raw?: { readonly stream?: object } };
    };
    const url = request?.routeOptions?.url;
    if (url !== undefined && reply?.raw) listener(url, reply.raw);
  });
}

interface Http2Stream extends Outgoing {
  readonly headersSent: boolean;
  readonly sentHeaders?: Readonly<Record<string, unknown>>;
}

class StreamResponse {
  readonly #stream: Http2Stream;

  constructor(stream: Http2Stream) {
    this.#stream = stream;
  }

  get headersSent(): boolean {
    return this.#stream.headersSent;
  }

  get statusCode(): number {
    return Number(this.#stream.sentHeaders?.[":status"] ?? 200);
  }
}
