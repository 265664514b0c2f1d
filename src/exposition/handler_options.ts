// deno-lint-ignore no-unused-vars -- the documentation links to it
import type { CollectorError } from "../errors.ts";
import * as rule from "../base/rules.ts";
import {
  registriesOf,
  type RegistryLister,
  type RegistrySource,
} from "../gather/registries.ts";
import type { UnsentLimits } from "../runtime/unsent_answers.ts";
import { MAX_TIMER_MS } from "../runtime/wait.ts";

/**
 * Options for {@linkcode metricsHandler}.
 *
 * @example For two Prometheus servers that scrape the same target
 * ```ts
 * import { metricsHandler, type MetricsHandlerOptions } from "@prometheus-async/prometheus-async";
 *
 * const options: MetricsHandlerOptions = {
 *   coalesce: 1000,
 *   maxInFlight: 4,
 *   ownMetrics: true,
 *   onError: (error) => console.warn(String(error)),
 * };
 * const response = await metricsHandler(options)(
 *   new Request("http://localhost/metrics"),
 * );
 * const text = await response.text();
 * if (!text.includes("prometheus_async_scrapes_in_flight 1")) {
 *   throw new Error(text);
 * }
 * ```
 */
export interface MetricsHandlerOptions {
  /**
   * The registry whose metrics are served, several of them, or a function that
   * is called with every scrape and yields either.
   *
   * A metric that is in several registries is served once, with the label sets
   * of all, if its type and help are the same in each. Otherwise the first one
   * is served, and the other is a failure that names both.
   *
   * @default {undefined} The global registries of all clients that the
   * application has loaded by the time of the scrape. Of a sample that several
   * have, that of the client that was loaded first is served. Clients that are ES
   * modules, and those of test runners with a module registry of their own, are
   * not seen: pass their registry.
   */
  registry?: RegistrySource;
  /**
   * How long collectors have at most, in milliseconds. Those that are not done by
   * then are left out.
   *
   * Prometheus says how long it waits, in `X-Prometheus-Scrape-Timeout-Seconds`;
   * a tenth of that, from 50 to 500 ms and at most half, is kept for encoding,
   * compression and the way. The shorter of the two counts.
   *
   * @default {undefined} The time that Prometheus says, up to 10 minutes;
   * 10 seconds if it says none.
   */
  timeout?: number;
  /**
   * Whether one failed collector fails the whole scrape, with 500 and the
   * reason, so that the target is down.
   *
   * @default {false} The scrape is answered without its metric.
   */
  failOnError?: boolean;
  /**
   * For how long, in milliseconds since its beginning, a successful reading of a
   * metric, and an answer without failures, serve other scrapes as well: two
   * Prometheus servers that scrape the same target then cost one.
   *
   * @default {0} Only scrapes that overlap share readings and answers.
   */
  coalesce?: number;
  /**
   * How many answers are in flight at once: of a server until the last byte is sent,
   * or the client has gone. Scrapes that overlap, and ask for the same format,
   * compression and names, share one; those that wait for collectors do not count.
   *
   * When all places are taken, a server cuts off the clients that have taken less than
   * 64 kB for longest, most of a second at least. Where all progress, a scrape waits
   * for up to 2.5 seconds, and then gets 503 with `Retry-After`.
   *
   * @default {16}
   */
  maxInFlight?: number;
  /**
   * How many scrapes are answered in a second on average, and at once (one at
   * least); more get 429 with `Retry-After`. A server counts those alone that have
   * credentials.
   *
   * @default {undefined} Any number.
   */
  maxRate?: number;
  /**
   * Whether answers from 1 kB on are compressed, with gzip, zstd or brotli, for
   * requests that accept it.
   *
   * @default {true}
   */
  compress?: boolean;
  /**
   * Whether metrics about the scrapes themselves are served as well, whose names
   * begin with `prometheus_async_`: how many were answered, by status and
   * format, how many are in flight, their durations and sizes, how long each
   * collector took. `prometheus_async_collector_failures_total` is always served,
   * once a collector has failed.
   *
   * @default {false}
   */
  ownMetrics?: boolean;
  /**
   * Takes each failure: of a collector as a {@linkcode CollectorError}, of the
   * `registry` function the value that it has thrown. Of the default registry it
   * is told once that the first scrape has no metric of the application, and which
   * metrics have samples that another client has as well.
   *
   * @default {undefined} The first failure of each metric goes to
   * `console.error`.
   */
  onError?: (error: unknown) => void;
}

/** The limits of unsent answers that only servers have options for. */
export const UNSENT_DEFAULTS: Omit<UnsentLimits, "maxInFlight"> = {
  maxHeldBytes: Infinity,
  sendTimeout: 30_000,
};

/** The rules for a handler's options. */
export const HANDLER_RULES: rule.RulesFor<
  MetricsHandlerOptions,
  "failOnError" | "coalesce" | "maxInFlight" | "compress" | "ownMetrics"
> = {
  registry: rule.anything(),
  timeout: rule.number(1, MAX_TIMER_MS),
  failOnError: rule.boolean(false),
  coalesce: rule.number(0, Infinity, 0),
  maxInFlight: rule.number(1, Infinity, 16),
  maxRate: rule.number(0.001, Infinity),
  compress: rule.boolean(true),
  ownMetrics: rule.boolean(false),
  onError: rule.callback(),
};

/** How a handler answers: data alone, which may cross to another thread. */
export interface MetricsHandlerSettings
  extends Omit<rule.Checked<typeof HANDLER_RULES>, "registry" | "onError"> {
  /** Whether the metrics are those of the default registry. */
  readonly isDefaultRegistry: boolean;
}

export interface MetricsHandlerParts {
  readonly settings: MetricsHandlerSettings;
  readonly registries: RegistryLister;
  readonly onError: ((error: unknown) => void) | undefined;
}

export function partsOf(
  checked: rule.Checked<typeof HANDLER_RULES>,
): MetricsHandlerParts {
  const { registry, onError, timeout, failOnError, coalesce } = checked;
  const { maxInFlight, maxRate, compress, ownMetrics } = checked;
  const registries = registriesOf(registry);
  return {
    settings: {
      timeout,
      failOnError,
      coalesce,
      maxInFlight,
      maxRate,
      compress,
      ownMetrics,
      isDefaultRegistry: registries.now !== undefined,
    },
    registries,
    onError,
  };
}
