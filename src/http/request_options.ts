import { describe } from "../base/describe.ts";
import { LABEL_NAME } from "../base/label_limits.ts";
import { LEGACY_NAME } from "../families/escaping.ts";
import {
  type Given,
  refusal,
  requireNumber,
  requireRecord,
  requireStrings,
  requireType,
  textOf,
} from "../base/checks.ts";
import * as rule from "../base/rules.ts";
import type { LabelValues } from "../wrappers/wrapper_options.ts";
import { ACTION, type MetricsRegistry } from "./request_metrics.ts";
import {
  type Conventions,
  LABELS,
  NAMES,
  type RequestLabel,
  type RequestMetricsSettings,
} from "./metric_options.ts";

/**
 * Options for the metrics of requests.
 *
 * @typeParam Call What is known of a request when its handler has answered.
 */
export interface RequestMetricsOptions<Call> {
  /**
   * The registry that the metrics join. Handlers with the same registry and
   * prefix share their metrics, those of another copy of this package as well.
   * After the registry's `clear()` the next request registers them again, with
   * counts that begin at 0.
   *
   * @default {undefined} The global registry of the client that the application
   * has loaded first, when the first handler without `registry` is made. If no
   * client is loaded by then, and in bundles, a registry of this package's own,
   * which is served wherever the default registry is.
   */
  registry?: MetricsRegistry;
  /**
   * The prefix of the metrics' names, such as `"shop_"`: letters, digits
   * and underscores.
   *
   * @default {""}
   */
  prefix?: string;
  /**
   * The conventions for the names of metrics and labels: Prometheus', or
   * OpenTelemetry's for HTTP servers, such as
   * `http_server_request_duration_seconds` with `http_request_method`,
   * `http_route` and `http_response_status_code`. The latter have no counter:
   * the durations' `_count` is its value.
   *
   * @default {"prometheus"}
   */
  names?: "prometheus" | "opentelemetry";
  /**
   * The labels that are left out of `method`, `route` and `status`, whatever
   * `names` calls them.
   *
   * @default {[]}
   */
  omit?: readonly ("method" | "route" | "status")[];
  /**
   * Whether the time from the request to the first byte of its response is
   * measured, in `http_response_first_byte_seconds` or, with the names of
   * OpenTelemetry, `http_server_response_first_byte_seconds`: for a fetch handler
   * until it has answered, since its server sends the headers then.
   *
   * @default {false}
   */
  firstByte?: boolean;
  /**
   * The upper bounds of the buckets of durations and times, in seconds,
   * ascending.
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
   * server's throughput; on Node it costs a quarter. A request without that header
   * whose body comes in chunks is left out.
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
   * functions that make a value when the handler has answered. If one throws or
   * returns `undefined`, its label stays empty.
   *
   * @default {undefined} None.
   */
  labels?: Readonly<
    Record<string, (call: Call) => string | number | undefined>
  >;
  /**
   * The requests that are left out, such as those of health checks: their paths, or
   * a function that is called before the handler. A path is compared as a whole,
   * without the query.
   *
   * @default {undefined} None.
   */
  exclude?: readonly string[] | ((call: Call) => boolean);
  /**
   * Further methods with a label of their own, such as `"PROPFIND"`.
   *
   * @default {[]} Those of RFC 9110, `PATCH` and `QUERY` have one; all others are
   * `_OTHER`.
   */
  methods?: readonly string[];
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
   * The most sets of label values. In later ones `route` and the labels of your
   * own are `_OTHER`, which makes one more set for each method and status.
   *
   * @default {1000}
   */
  maxSeries?: number;
  /**
   * Takes each error that a function in these options throws, that of a response
   * that cannot be read, and, once, that of metrics that cannot be registered again
   * after the registry's `clear()`. The client never sees it.
   *
   * @default {undefined} The first error goes to `console.error`.
   */
  onError?: (error: unknown) => void;
}

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

/** The rules for all options; only handlers have `route`. */
const RULES = {
  registry: rule.having<MetricsRegistry>("registerMetric", "getMetricsAsArray"),
  prefix: rule.such<string>(requirePrefix, ""),
  names: rule.such<Conventions>(requireNames, "prometheus"),
  omit: rule.such<readonly RequestLabel[]>(requireOmitted, []),
  firstByte: rule.boolean(false),
  route: rule.anything(),
  labels: rule.such<Labels>(requireLabels, {}),
  buckets: rule.such<readonly number[]>(requireBounds, BUCKETS),
  sizes: rule.boolean(false),
  sizeBuckets: rule.such<readonly number[]>(requireBounds, SIZE_BUCKETS),
  exclude: rule.such(requireExclusion),
  methods: rule.such<readonly string[]>(requireStrings, []),
  exemplar: rule.such(requireExemplar),
  maxSeries: rule.such<number>(requireCount, 1000),
  onError: rule.callback(),
};

type Labels = Readonly<Record<string, unknown>>;

/** The labels of the package, and that of a bucket. */
const RESERVED: readonly string[] = [
  ...Object.values(NAMES).flatMap(({ labels }) => Object.values(labels)),
  "le",
];

/**
 * Checks all options, and parses those that decide about the metrics.
 *
 * @throws {TypeError} If an option is of the wrong type.
 * @throws {RangeError} If a number is out of its range.
 */
export function parseOptions<Call>(
  options: RequestMetricsOptions<Call>,
): RequestMetricsSettings {
  const given = rule.check(ACTION, "options", options, RULES);
  return {
    prefix: given.prefix,
    names: NAMES[given.names],
    omit: [...given.omit],
    firstByte: given.firstByte,
    buckets: [...given.buckets],
    sizeBuckets: given.sizes ? [...given.sizeBuckets] : undefined,
    labelNames: Object.keys(given.labels),
    maxSeries: given.maxSeries,
  };
}

/**
 * Makes a function of an option that is a route, or finds it.
 *
 * @throws {TypeError} If it is neither.
 */
export function routeFinder<Call>(
  route: string | ((call: Call) => string | undefined) | undefined,
): (call: Call) => string | undefined {
  if (typeof route === "function") return route;
  if (route !== undefined && typeof route !== "string") {
    const given = { action: ACTION, name: "route", value: route };
    throw refusal(TypeError, given, "must be a string or a function");
  }
  return () => route;
}

function requirePrefix(given: Given): void {
  if (LEGACY_NAME.test(`${textOf(given)}http`)) return;
  const requirement = "must consist of letters, digits and underscores, and " +
    "not begin with a digit";
  throw refusal(RangeError, given, requirement);
}

function requireNames(given: Given): void {
  if (Object.hasOwn(NAMES, textOf(given))) return;
  const known = Object.keys(NAMES).map(describe).join(" or ");
  throw refusal(RangeError, given, `must be ${known}`);
}

function requireOmitted(given: Given): void {
  requireStrings(given);
  const { value } = given as { value: readonly RequestLabel[] };
  if (value.every((each) => LABELS.includes(each))) return;
  const requirement = `must consist of ${LABELS.map(describe).join(", ")}`;
  throw refusal(RangeError, given, requirement, `[${value.map(describe)}]`);
}

function requireCount(given: Given): void {
  requireNumber(given, 1, Infinity);
  const { value } = given;
  if (Number.isInteger(value) || value === Infinity) return;
  throw refusal(RangeError, given, "must be an integer or Infinity");
}

function requireExemplar(given: Given): void {
  if (given.value !== "traceparent") requireType(given, "function");
}

function requireExclusion(given: Given): void {
  if (typeof given.value === "function") return;
  requireStrings(given, "must be an array of strings or a function");
}

function requireLabels(given: Given): void {
  requireRecord(given);
  const { action, name } = given;
  for (const [label, value] of Object.entries(given.value as Labels)) {
    const isInternal = label.startsWith("__");
    if (!LABEL_NAME.test(label) || isInternal || RESERVED.includes(label)) {
      throw new RangeError(
        `Cannot ${action}: the name of a label must consist of letters, digits ` +
          "and underscores, not begin with a digit or two underscores, and not " +
          `be one of ${RESERVED.join(", ")}, received ${describe(label)}`,
      );
    }
    requireType({ action, name: `${name}.${label}`, value }, "function");
  }
}

function requireBounds(given: Given): void {
  const { value: bounds } = given;
  const isList = Array.isArray(bounds);
  const isAscending = isList && bounds.length > 0 &&
    bounds.every((bound: unknown, i) =>
      typeof bound === "number" && Number.isFinite(bound) &&
      (i === 0 || bounds[i - 1] < bound)
    );
  if (isAscending) return;
  const requirement = "must be an array of finite numbers that ascend";
  const received = isList ? `[${bounds.map(describe)}]` : describe(bounds);
  throw refusal(RangeError, given, requirement, received);
}
