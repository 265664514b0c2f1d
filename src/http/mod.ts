/**
 * Metrics of HTTP requests around any fetch handler.
 *
 * Names and units are Prometheus', the methods, the routes and the buckets as in
 * OpenTelemetry's semantic conventions for HTTP. A client is neither imported nor
 * needed.
 *
 * @example Measuring a handler
 * ```ts
 * import { instrumentHandler } from "@prometheus-async/prometheus-async/http";
 * import { Registry } from "prom-client";
 *
 * const registry = new Registry();
 * const handler = instrumentHandler(() => new Response("hello"), { registry });
 *
 * const response = await handler(new Request("http://localhost/"));
 * if (await response.text() !== "hello") throw new Error("changed");
 * ```
 *
 * @module
 */

export {
  type HandledRequest,
  instrumentHandler,
  type InstrumentHandlerOptions,
} from "./instrument_handler.ts";
export type * from "./public_names.ts";
