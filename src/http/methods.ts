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

/** The label of a method: clients may send any word. */
export function methodLabel(method: string): string {
  return METHODS.has(method) ? method : OTHER;
}
