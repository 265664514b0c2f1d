import { describe } from "../describe.ts";
import { isLegacyLabelName, isLegacyName } from "../families/text.ts";
import {
  requireMethod,
  requireNumber,
  requireObject,
  requireType,
} from "../require.ts";
import type { LabelValues } from "../wrappers/labels.ts";
import { ACTION } from "./action.ts";
import type { MetricsRegistry } from "./registration.ts";
import {
  REQUEST_LABELS,
  type RequestMetricsSettings,
} from "./request_metrics.ts";

export type { LabelValues };

/**
 * What the metrics of requests can be told, of whatever handlers.
 *
 * @example Options that several handlers share
 * ```ts
 * import {
 *   type HandledRequest,
 *   instrumentHandler,
 *   type RequestMetricsOptions,
 * } from "@prometheus-async/prometheus-async";
 * import { Registry } from "prom-client";
 *
 * const registry = new Registry();
 * const shared: RequestMetricsOptions<HandledRequest> = {
 *   registry,
 *   buckets: [0.01, 0.1, 1],
 *   maxSeries: 100,
 * };
 * const hello = instrumentHandler((_request: Request) => new Response("hello"), {
 *   ...shared,
 *   route: "/hello",
 * });
 * await (await hello(new Request("http://localhost/hello"))).text();
 * const text = await registry.metrics();
 * if (!text.includes('route="/hello"')) throw new Error(text);
 * ```
 *
 * @typeParam Call What is known of a request when its handler has answered.
 */
export interface RequestMetricsOptions<Call> {
  /**
   * The registry that the metrics join. Handlers with the same registry and
   * prefix share their metrics.
   *
   * @default {undefined} The global registry of the client that the application
   * has loaded first, when the first handler without `registry` is made. Before a
   * client is loaded, and in bundles, a registry of this package's own, which is
   * served wherever the default registry is.
   */
  registry?: MetricsRegistry;
  /**
   * What the names of the metrics begin with, such as `"shop_"`: letters, digits
   * and underscores.
   *
   * @default {""}
   */
  prefix?: string;
  /**
   * The upper bounds of the buckets of `http_request_duration_seconds`, in
   * seconds, ascending.
   *
   * @default {[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]}
   * as OpenTelemetry advises for `http.server.request.duration`.
   */
  buckets?: readonly number[];
  /**
   * Whether the sizes of bodies are measured, in `http_request_size_bytes` and
   * `http_response_size_bytes`.
   *
   * A size is what `Content-Length` says, or what is sent. On Deno and Bun a
   * response without that header is read on its way, which costs half of a
   * server's throughput; on Node it is a quarter. A request without it, whose body
   * comes in chunks, is left out.
   *
   * @default {false}
   */
  sizes?: boolean;
  /**
   * The upper bounds of the buckets of sizes, in bytes, ascending.
   *
   * @default {[100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000]}
   */
  sizeBuckets?: readonly number[];
  /**
   * Labels of your own, beside `method`, `route` and `status`: by their names
   * functions that make a value, when the handler has answered. One that throws,
   * or makes no value, leaves the label empty.
   *
   * @default {undefined} None.
   */
  labels?: Readonly<
    Record<string, (call: Call) => string | number | undefined>
  >;
  /**
   * Makes the labels of an exemplar, such as a trace's id, or nothing for no
   * exemplar; `"traceparent"` takes `trace_id` from the request's header of that
   * name (W3C Trace Context), if the trace is sampled. Exemplars are shown in
   * OpenMetrics, to a Prometheus that stores them.
   *
   * @default {undefined} No exemplars.
   */
  exemplar?: "traceparent" | ((call: Call) => LabelValues | undefined);
  /**
   * How many sets of label values there may be. Of what comes after them, `route`
   * and the labels of your own are `_OTHER`: that makes one more for each method
   * and status.
   *
   * @default {1000}
   */
  maxSeries?: number;
  /**
   * Takes each error that a function in these options throws, and that a response
   * cannot be read. Whoever sent the request never sees it.
   *
   * @default {undefined} The first error goes to `console.error`.
   */
  onError?: (error: unknown) => void;
}

/** Of `http.server.request.duration`, in OpenTelemetry's conventions. */
const BUCKETS = [
  0.005,
  0.01,
  0.025,
  0.05,
  0.075,
  0.1,
  0.25,
  0.5,
  0.75,
  1,
  2.5,
  5,
  7.5,
  10,
];

const SIZE_BUCKETS = [1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8];

/** All options; `route` is one of handlers alone. */
const NAMES: readonly (keyof RequestMetricsOptions<unknown> | "route")[] = [
  "registry",
  "prefix",
  "route",
  "labels",
  "buckets",
  "sizes",
  "sizeBuckets",
  "exemplar",
  "maxSeries",
  "onError",
];

/** Those of the package, and that of a bucket. */
const RESERVED: readonly string[] = [...REQUEST_LABELS, "le"];

/**
 * Reads what decides about the metrics.
 *
 * @throws {TypeError} If an option is of the wrong type.
 * @throws {RangeError} If a number is out of its range.
 */
export function readSettings<Call>(
  options: RequestMetricsOptions<Call>,
): RequestMetricsSettings {
  requireObject(ACTION, "options", options, NAMES);
  const {
    registry,
    prefix = "",
    buckets = BUCKETS,
    sizes = false,
    sizeBuckets = SIZE_BUCKETS,
    labels = {},
    exemplar,
    maxSeries = 1000,
    onError,
  } = options;
  if (registry !== undefined) {
    requireMethod(ACTION, "registry", registry, "registerMetric");
    requireMethod(ACTION, "registry", registry, "getMetricsAsArray");
  }
  requireType(ACTION, "string", { prefix });
  if (!isLegacyName(`${prefix}http`)) {
    throw new RangeError(
      `Cannot ${ACTION}: prefix must consist of letters, digits and ` +
        `underscores, and not begin with a digit, received ${describe(prefix)}`,
    );
  }
  requireType(ACTION, "boolean", { sizes });
  requireNumber(ACTION, { maxSeries }, 1, Infinity);
  if (!Number.isInteger(maxSeries) && maxSeries !== Infinity) {
    throw new RangeError(
      `Cannot ${ACTION}: maxSeries must be an integer or Infinity, received ` +
        maxSeries,
    );
  }
  if (onError !== undefined) requireType(ACTION, "function", { onError });
  if (exemplar !== undefined && exemplar !== "traceparent") {
    requireType(ACTION, "function", { exemplar });
  }
  requireObject(ACTION, "labels", labels);
  for (const name of Object.keys(labels)) requireLabel(name, labels[name]);
  return {
    prefix,
    buckets: boundsOf("buckets", buckets),
    sizeBuckets: sizes ? boundsOf("sizeBuckets", sizeBuckets) : undefined,
    labelNames: Object.keys(labels),
    maxSeries,
  };
}

function requireLabel(name: string, make: unknown): void {
  const isInternal = name.startsWith("__");
  if (!isLegacyLabelName(name) || isInternal || RESERVED.includes(name)) {
    throw new RangeError(
      `Cannot ${ACTION}: the name of a label must consist of letters, digits ` +
        "and underscores, begin with no digit and no two underscores, and be " +
        `none of ${RESERVED.join(", ")}, received ${describe(name)}`,
    );
  }
  requireType(ACTION, "function", { [`labels.${name}`]: make });
}

function boundsOf(option: string, bounds: unknown): readonly number[] {
  const isAscending = Array.isArray(bounds) && bounds.length > 0 &&
    bounds.every((bound: unknown, i) =>
      typeof bound === "number" && Number.isFinite(bound) &&
      (i === 0 || bounds[i - 1] < bound)
    );
  if (isAscending) return [...bounds];
  throw new RangeError(
    `Cannot ${ACTION}: ${option} must be an array of finite numbers that ` +
      `ascend, received ${
        Array.isArray(bounds) ? `[${bounds.map(describe)}]` : describe(bounds)
      }`,
  );
}
