/**
 * Shows an application that nobody touched: loaded before it, this module serves its
 * metrics, and those of its runtime, on a thread of their own.
 *
 * ```sh
 * node --import @prometheus-async/prometheus-async/register app.js
 * bun --preload @prometheus-async/prometheus-async/register app.ts
 * deno run -A --preload npm:@prometheus-async/prometheus-async/register app.ts
 * ```
 *
 * On Node, and on Deno's `node:http`, it measures the requests of `node:http` and
 * `node:http2` as well, by the patterns of Express and Fastify 5. It never ends,
 * stops or changes the application: whatever goes wrong is a line on standard error.
 *
 * Variables of the environment, all with the prefix `PROMETHEUS_ASYNC_`:
 *
 * - `PORT`: the port, by default 9464
 * - `ADDR`: the address, by default all interfaces
 * - `PATH`: the path of the metrics, by default `/metrics`
 * - `NAMES`: `prometheus` or `opentelemetry`, for the metrics of requests
 * - `BUCKETS`: the bounds of their durations, in seconds, with commas between
 * - `AUTH_FILE`: a file of users and passwords, `user:password`, one a line
 * - `TLS_CERT` and `TLS_KEY`: files in PEM form
 * - `CONSUL`: the name of the service in Consul; `CONSUL_HTTP_ADDR` and the like say
 *   where the agent is
 * - `DISABLED`: anything but `0` and `false` starts nothing
 *
 * @example From the program itself, before all other imports
 * ```ts ignore
 * import "@prometheus-async/prometheus-async/register";
 * import "./app.ts";
 * ```
 *
 * @module
 */
import { preload } from "./preload.ts";

preload();
