import { OTHER } from "./other.ts";

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

/** The label of a request's method, which may be any word, or not be told. */
export function methodOf(request: Request): string {
  try {
    const { method } = request;
    if (METHODS.has(method)) return method;
  } catch {
    // Some servers make requests whose parts are read when they are asked for.
  }
  return OTHER;
}
