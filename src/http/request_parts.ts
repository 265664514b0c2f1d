/** The parts of requests and responses that are measured; clients send anything. */

/**
 * Stands for values outside a known set, so that no label has more values than the
 * application has names: OpenTelemetry's word, in its conventions for HTTP.
 */
export const OTHER = "_OTHER";

/**
 * The methods that have a label of their own: those of RFC 9110, `PATCH` of RFC
 * 5789, and `QUERY`, as in OpenTelemetry's semantic conventions for HTTP.
 */
const METHODS: ReadonlySet<string> = new Set([
  "CONNECT",
  "DELETE",
  "GET",
  "HEAD",
  "OPTIONS",
  "PATCH",
  "POST",
  "PUT",
  "QUERY",
  "TRACE",
]);

/** The parts of a request that are measured: of a `Request`, or of Node's. */
export interface MeasuredRequest {
  readonly method: string;
  readonly headers: Pick<Headers, "get" | "has">;
  /** `null` if the request has no body. */
  readonly body: unknown;
}

/**
 * The label of a request's method: `_OTHER` if it is unknown or unreadable.
 *
 * @param further The methods that are known besides.
 */
export function methodOf(
  request: Pick<MeasuredRequest, "method">,
  further: readonly string[],
): string {
  try {
    const { method } = request;
    if (METHODS.has(method) || further.includes(method)) return method;
  } catch {
    // Some servers make the parts of a request on demand, and may fail.
  }
  return OTHER;
}

/**
 * Parses `Content-Length`.
 *
 * @returns `undefined` if it is missing or no length (RFC 9110, 8.6).
 */
export function contentLength(
  headers: Pick<Headers, "get">,
): number | undefined {
  const length = headers.get("content-length");
  if (length === null || !/^\d{1,15}$/.test(length)) return undefined;
  return Number(length);
}

/** The size of a request's body; `undefined` if it is unknown before it comes. */
export function requestSize(request: MeasuredRequest): number | undefined {
  const { headers, method } = request;
  if (headers.has("content-length")) return contentLength(headers);
  if (method === "GET" || method === "HEAD") return 0;
  // Last, since asking for the body makes a request slow on Node.
  return request.body === null ? 0 : undefined;
}

/**
 * Version, trace, parent and flags; later versions may have more.
 *
 * @see {@link https://www.w3.org/TR/trace-context/#traceparent-header}
 */
const TRACEPARENT =
  /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** The flag of a trace that somebody keeps. */
const SAMPLED = 1;

/** Parses the id of a request's trace; `undefined` unless the trace is sampled. */
export function sampledTrace(
  headers: Pick<Headers, "get">,
): string | undefined {
  const parts = TRACEPARENT.exec(headers.get("traceparent") ?? "");
  if (parts === null) return undefined;
  const [, version, trace, parent, flags, more] = parts;
  const isValid = version !== "ff" &&
    (version !== "00" || more === undefined) &&
    /[^0]/.test(trace) && /[^0]/.test(parent);
  return isValid && (parseInt(flags, 16) & SAMPLED) !== 0 ? trace : undefined;
}
