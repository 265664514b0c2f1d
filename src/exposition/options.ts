// deno-lint-ignore no-unused-vars -- the documentation links to it
import type { CollectorError } from "../errors.ts";
import {
  MAX_TIMER_MS,
  requireNames,
  requireNumber,
  requireType,
} from "../require.ts";
import {
  registriesOf,
  type RegistryLister,
  type RegistrySource,
} from "../gather/registries.ts";

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
   * application has loaded, `prom-client`, `@prometheus-io/client` or copies of
   * them, when it is scraped: a sample that several of them have is that of the
   * client that was loaded first. Clients that are ES modules, and those of test
   * runners with a module registry of their own, are not seen: pass their
   * registry.
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
   * @default {undefined} What Prometheus says, up to 10 minutes, or 10 seconds
   * where nobody does.
   */
  timeout?: number;
  /**
   * Whether a collector that fails fails the whole scrape, with 500 and the
   * reason, so that the target is down.
   *
   * @default {false} The scrape is answered without it.
   */
  failOnError?: boolean;
  /**
   * For how long, in milliseconds since its beginning, a successful reading of a
   * metric serves other scrapes as well: two Prometheus servers that scrape the
   * same target then cost one.
   *
   * @default {0} Only scrapes that overlap share what is read.
   */
  coalesce?: number;
  /**
   * How many scrapes are answered at once; more get 503 with `Retry-After`.
   *
   * @default {Infinity}
   */
  maxInFlight?: number;
  /**
   * Whether answers are compressed, with gzip, zstd or brotli, for requests that
   * accept it. Answers below 1 kB never are.
   *
   * @default {true}
   */
  compress?: boolean;
  /**
   * Whether metrics about the scrapes themselves are served as well, whose names
   * begin with `prometheus_async_`: how many were answered, by status and
   * format, how many are in flight, their durations and sizes, how long each
   * collector took. `prometheus_async_collector_failures_total` is served in any
   * case, once a collector has failed.
   *
   * @default {false}
   */
  ownMetrics?: boolean;
  /**
   * Takes each failure: of a collector as a {@linkcode CollectorError}, of the
   * `registry` function what it has thrown. Of the default registry it is told
   * once that the first scrape has no metric of the application, and which metrics
   * have samples that another client has as well.
   *
   * @default {undefined} The first failure of each metric goes to
   * `console.error`.
   */
  onError?: (error: unknown) => void;
}

/** How a handler answers: data alone, which may cross to another thread. */
export interface MetricsHandlerSettings {
  readonly timeout: number | undefined;
  readonly failOnError: boolean;
  readonly coalesce: number;
  readonly maxInFlight: number;
  readonly compress: boolean;
  readonly ownMetrics: boolean;
  /** Whether the metrics are those of the default registry. */
  readonly isDefaultRegistry: boolean;
}

/** Options as they are used. */
export interface MetricsHandlerParts {
  readonly settings: MetricsHandlerSettings;
  readonly registries: RegistryLister;
  readonly onError: ((error: unknown) => void) | undefined;
}

/** What the options are for, in error messages. */
const ACTION = "serve metrics";

/** The names of all options: one that is not known may be a typing error. */
export const HANDLER_OPTIONS: Readonly<
  Record<keyof MetricsHandlerOptions, true>
> = {
  registry: true,
  timeout: true,
  failOnError: true,
  coalesce: true,
  maxInFlight: true,
  compress: true,
  ownMetrics: true,
  onError: true,
};

/**
 * Refuses options that are not known: with a typing error in `registry` another
 * one would be served.
 */
export function requireKnownOptions(options: MetricsHandlerOptions): void {
  requireNames(ACTION, "options", options, Object.keys(HANDLER_OPTIONS));
}

/**
 * Copies the options, with their defaults, and refuses what they cannot be.
 *
 * @param hasOwnMetrics The default of `ownMetrics`.
 */
export function readOptions(
  options: MetricsHandlerOptions,
  hasOwnMetrics = false,
): MetricsHandlerParts {
  const {
    registry,
    timeout,
    failOnError = false,
    coalesce = 0,
    maxInFlight = Infinity,
    compress = true,
    ownMetrics = hasOwnMetrics,
    onError,
  } = options;
  const registries = registriesOf(registry);
  if (timeout !== undefined) {
    requireNumber(ACTION, { timeout }, 1, MAX_TIMER_MS);
  }
  requireNumber(ACTION, { coalesce }, 0, Infinity);
  requireNumber(ACTION, { maxInFlight }, 1, Infinity);
  requireType(ACTION, "boolean", { failOnError, compress, ownMetrics });
  if (onError !== undefined) requireType(ACTION, "function", { onError });
  return {
    settings: {
      timeout,
      failOnError,
      coalesce,
      maxInFlight,
      compress,
      ownMetrics,
      isDefaultRegistry: registry === undefined,
    },
    registries,
    onError,
  };
}
