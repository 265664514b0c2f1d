import { describe } from "./base/describe.ts";

/** The part of a web-standard `Request` that is needed to serve metrics. */
export interface MetricsRequest {
  /** The method. */
  readonly method: string;
  /** The URL. */
  readonly url: string;
  /** The headers; they are asked for by names in lower case. */
  readonly headers: Pick<Headers, "get">;
}

/** Refuses everything without URL and headers, as a framework's context. */
export function requireRequest(request: MetricsRequest): void {
  const isRequest = typeof request?.url === "string" &&
    typeof request.headers?.get === "function";
  if (isRequest) return;
  throw new TypeError(
    "Cannot serve metrics: a Request with url and headers is required, " +
      `received ${describe(request)}; from a framework's context pass ` +
      'its request, in Hono write `app.get("/metrics", metrics())`, with ' +
      "`metrics` of this package's `hono`",
  );
}

/** An answer, before a runtime's server makes a response of its own of it. */
export interface Answer {
  readonly status: number;
  /** The headers by their names, in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array<ArrayBuffer> | null;
  /** Called when the client has taken the whole body, as far as the runtime tells. */
  readonly onSent?: () => void;
}

/** The headers to send: every type counts as it is, and browsers guess no other. */
export function sentHeaders(headers: Answer["headers"]): Answer["headers"] {
  return { "x-content-type-options": "nosniff", ...headers };
}

/** Makes an answer of one line of text; `null` is none. */
export function plainAnswer(
  status: number,
  text: string | null,
  headers: Record<string, string> = {},
): Answer {
  const type = { "content-type": "text/plain;charset=UTF-8" };
  const body = text === null ? null : `${text}\n`;
  return { status, headers: { ...type, ...headers }, body };
}

/** `Response` as a constructor. */
export type ResponseClass = new (
  body: Answer["body"] | ReadableStream,
  init: Pick<Answer, "status" | "headers">,
) => Response;

/** Makes a response of an answer; a stream takes the place of its body. */
export function toResponse(
  { status, headers, body }: Answer,
  Class: ResponseClass = Response,
  stream?: ReadableStream,
): Response {
  return new Class(stream ?? body, { status, headers: sentHeaders(headers) });
}
