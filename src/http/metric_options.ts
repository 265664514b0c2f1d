import type { OwnMetricOptions } from "../metrics/own_metric.ts";
import type { Measured } from "./request_series.ts";

/** The options of the metrics, which all handlers share. */
export interface RequestMetricsSettings {
  readonly prefix: string;
  readonly names: RequestNames;
  /** The labels that are left out. */
  readonly omit: readonly RequestLabel[];
  /** Whether the time to the first byte is measured. */
  readonly firstByte: boolean;
  /** The upper bounds of the durations' buckets, in seconds. */
  readonly buckets: readonly number[];
  /** The upper bounds of the sizes' buckets, in bytes; absent without sizes. */
  readonly sizeBuckets: readonly number[] | undefined;
  /** The names of the application's own labels. */
  readonly labelNames: readonly string[];
  readonly maxSeries: number;
}

/** The names of the metrics of requests, and of their labels. */
export interface RequestNames {
  /** Absent where the durations' count tells it. */
  readonly requests?: string;
  readonly duration: string;
  readonly firstByte: string;
  readonly inprogress: string;
  readonly requestSize: string;
  readonly responseSize: string;
  /** The labels, by their names in options; always in this order. */
  readonly labels: Readonly<Record<RequestLabel, string>>;
}

/** A label that the package gives to requests. */
export type RequestLabel = "method" | "route" | "status";

/** The conventions that an application may follow. */
export type Conventions = "prometheus" | "opentelemetry";

export const NAMES: Readonly<Record<Conventions, RequestNames>> = {
  prometheus: {
    requests: "http_requests_total",
    duration: "http_request_duration_seconds",
    firstByte: "http_response_first_byte_seconds",
    inprogress: "http_requests_inprogress",
    requestSize: "http_request_size_bytes",
    responseSize: "http_response_size_bytes",
    labels: { method: "method", route: "route", status: "status" },
  },
  // As Prometheus and OpenTelemetry's collector spell the semantic conventions.
  opentelemetry: {
    duration: "http_server_request_duration_seconds",
    firstByte: "http_server_response_first_byte_seconds",
    inprogress: "http_server_active_requests",
    requestSize: "http_server_request_body_size_bytes",
    responseSize: "http_server_response_body_size_bytes",
    labels: {
      method: "http_request_method",
      route: "http_route",
      status: "http_response_status_code",
    },
  },
};

export const LABELS: readonly RequestLabel[] = ["method", "route", "status"];

export type Kind = keyof Measured;
export type MeasuredOptions = Readonly<Record<Kind, OwnMetricOptions>>;

/**
 * Describes the metrics of some settings.
 *
 * @param labels The names of the labels; `undefined` for one that is left out.
 */
export function describeMetrics(
  settings: RequestMetricsSettings,
  labels: readonly (string | undefined)[],
): Partial<MeasuredOptions> {
  const { prefix, names, buckets, sizeBuckets, firstByte } = settings;
  const labelNames = labels.filter((name) => name !== undefined);
  const [method] = labels;
  const metric = (
    name: string,
    help: string,
    more: Partial<OwnMetricOptions>,
  ): OwnMetricOptions => ({
    type: "histogram",
    name: prefix + name,
    help,
    labelNames,
    ...more,
  });
  return {
    ...names.requests && {
      requests: metric(
        names.requests,
        "HTTP requests whose response was sent, or whose client has gone.",
        { type: "counter" },
      ),
    },
    duration: metric(
      names.duration,
      "Time from request to the last byte of the response.",
      { bounds: buckets },
    ),
    inprogress: metric(
      names.inprogress,
      "HTTP requests whose response was not yet sent.",
      { type: "gauge", labelNames: method === undefined ? [] : [method] },
    ),
    ...firstByte && {
      firstByte: metric(
        names.firstByte,
        "Time from request to the first byte of the response.",
        { bounds: buckets },
      ),
    },
    ...sizeBuckets && {
      requestSize: metric(
        names.requestSize,
        "Size of the bodies of HTTP requests.",
        { bounds: sizeBuckets },
      ),
      responseSize: metric(
        names.responseSize,
        "Size of the bodies of HTTP responses.",
        { bounds: sizeBuckets },
      ),
    },
  };
}
