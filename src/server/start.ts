import { having } from "../base/rules.ts";
import { RegistryGatherer } from "../gather/gather.ts";
import type { ServiceDiscovery } from "../types.ts";
import { DiscoveryStatus } from "./discovery_status.ts";
import type { MetricsHttpServer, MetricsUnixServer } from "./metrics_server.ts";
import { serve } from "./serve.ts";
import {
  parseServerOptions,
  type StartHttpServerOptions,
  type StartUnixServerOptions,
} from "./server_options.ts";

const RULES = { serviceDiscovery: having<ServiceDiscovery>("register") };

/**
 * Starts an HTTP server for metrics, by `Deno.serve`, `Bun.serve` or `node:http`.
 *
 * It serves the metrics under `/metrics`, a page for people under `/`, and under
 * `/-/healthy` 200 and nothing else. It prints nothing, installs no signal
 * handlers and reads no environment variables.
 *
 * The server keeps the process alive until it is closed, unless `unref()` is
 * called. `await using` (Deno, Bun, Node from 24 on) closes it at the end of the
 * block.
 *
 * @example Serving the metrics of an application
 * ```ts
 * import { startHttpServer } from "@prometheus-async/prometheus-async";
 * import { Counter } from "prom-client";
 *
 * new Counter({ name: "starts_total", help: "Starts" }).inc();
 *
 * const server = await startHttpServer({ addr: "127.0.0.1" });
 *
 * const response = await fetch(server.metricsUrl);
 * const text = await response.text();
 * await server.close();
 * if (!text.includes("starts_total 1")) throw new Error(text);
 * ```
 *
 * @example Serving clients with a password or a token only
 * ```ts
 * import { startHttpServer } from "@prometheus-async/prometheus-async";
 *
 * const auth = {
 *   basic: { prometheus: "a-long-random-password" },
 *   bearer: ["a-long-random-token"],
 * };
 * const server = await startHttpServer({ addr: "127.0.0.1", auth });
 *
 * const headers = { authorization: "Bearer a-long-random-token" };
 * const stranger = await fetch(server.metricsUrl);
 * const scrape = await fetch(server.metricsUrl, { headers });
 * await Promise.all([stranger.text(), scrape.text()]);
 * await server.close();
 * if (stranger.status !== 401 || !scrape.ok) throw new Error("let in");
 * ```
 *
 * @param options Where to listen, what to serve, and to whom.
 * @returns The server, once it listens and is registered.
 * @throws {TypeError} If an option is of the wrong type, or not known.
 * @throws {RangeError} If a number, a path or a credential is out of its range.
 * @throws {ListenError} If the address cannot be listened on, as a port that is
 * taken.
 * @throws {TlsError} If the credentials in `tls` cannot be used.
 * @throws {UnsupportedOptionError} If the runtime cannot do what is asked for.
 * @throws What `serviceDiscovery` throws; the reason of a `signal` that aborts
 * before the server has started. Nothing is left listening.
 */
export function startHttpServer(
  options?: StartHttpServerOptions,
): Promise<MetricsHttpServer>;
/**
 * Starts an HTTP server for metrics on a unix socket; the rest is as on an address.
 *
 * @example A folder that only some may enter
 * ```ts
 * import { startHttpServer } from "@prometheus-async/prometheus-async";
 * import { mkdtemp, rm } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 *
 * const folder = await mkdtemp(join(tmpdir(), "metrics-"));
 * const server = await startHttpServer({ unix: join(folder, "metrics.sock") });
 * await server.close();
 * await rm(folder, { recursive: true });
 * if (!server.socket.path.startsWith(folder)) throw new Error("elsewhere");
 * ```
 *
 * @param options Where to listen, what to serve, and to whom.
 * @returns The server, once it listens and is registered.
 */
export function startHttpServer(
  options: StartUnixServerOptions,
): Promise<MetricsUnixServer>;
export async function startHttpServer(
  options: StartHttpServerOptions | StartUnixServerOptions = {},
): Promise<MetricsHttpServer | MetricsUnixServer> {
  const parts = parseServerOptions(options, RULES);
  const { settings, registries, onError, signal, more } = parts;
  signal?.throwIfAborted();
  const gatherer = new RegistryGatherer(registries);
  const status = new DiscoveryStatus();
  const serving = await serve({ settings, gatherer, status, onError });
  const { info, listener, lifecycle } = serving;
  await lifecycle.begin(info, more.serviceDiscovery, signal);
  return Object.assign(lifecycle.handleOf(info), {
    ref: () => listener.ref(),
    unref: () => listener.unref(),
  });
}
