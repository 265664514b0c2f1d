import { OwnMetric } from "../metrics/own_metric.ts";
import type { OwnSeries } from "../metrics/own_series.ts";
import { RequestOrigin } from "../runtime/response_end.ts";
import type { RegisteredMetric } from "../types.ts";
import type { LabelValues } from "../wrappers/labels.ts";
import { LabelTree } from "./label_tree.ts";
import { OTHER } from "./other.ts";

/** What decides about the metrics, of whatever handlers share them. */
export interface RequestMetricsSettings {
  /** What their names begin with. */
  readonly prefix: string;
  /** The upper bounds of the durations' buckets, in seconds. */
  readonly buckets: readonly number[];
  /** The upper bounds of the sizes' buckets, in bytes; without them there are none. */
  readonly sizeBuckets: readonly number[] | undefined;
  /** The names of the application's own labels. */
  readonly labelNames: readonly string[];
  /** How many label sets there may be. */
  readonly maxSeries: number;
}

/** What is measured of a request on demand. */
export interface RequestDetails {
  /** The size of the request's body, if it is known. */
  readonly requestBytes: number | undefined;
  /** The size of the response's body, as far as it was counted. */
  responseBytes?: number;
  /** The labels of an exemplar. */
  readonly exemplar: LabelValues | undefined;
}

/** The series of one label set. */
export class RequestSeries {
  /** Where its requests come from. */
  readonly origin: RequestOrigin = new RequestOrigin();
  readonly #requests: OwnSeries;
  readonly #duration: OwnSeries;
  readonly #requestSize: OwnSeries | undefined;
  readonly #responseSize: OwnSeries | undefined;

  constructor(
    requests: OwnSeries,
    duration: OwnSeries,
    requestSize: OwnSeries | undefined,
    responseSize: OwnSeries | undefined,
  ) {
    this.#requests = requests;
    this.#duration = duration;
    this.#requestSize = requestSize;
    this.#responseSize = responseSize;
  }

  /** Counts a request whose response was sent. */
  count(seconds: number, details: RequestDetails | undefined): void {
    if (details === undefined) {
      this.#requests.add(1);
      this.#duration.observe(seconds);
      return;
    }
    const { exemplar, requestBytes, responseBytes } = details;
    const exemplify = (value: number) =>
      exemplar &&
      { labelSet: exemplar, value, timestamp: Date.now() / 1000 };
    this.#requests.add(1, exemplify(1));
    this.#duration.observe(seconds, exemplify(seconds));
    if (requestBytes !== undefined) this.#requestSize?.observe(requestBytes);
    if (responseBytes !== undefined) this.#responseSize?.observe(responseBytes);
  }
}

/** The labels that the package gives to requests. */
export const REQUEST_LABELS = ["method", "route", "status"] as const;

/** The metrics of requests in one registry. */
export class RequestMetrics {
  readonly settings: RequestMetricsSettings;
  /** All of them, to be registered. */
  readonly all: RegisteredMetric[];
  readonly #requests: OwnMetric;
  readonly #duration: OwnMetric;
  readonly #inprogress: OwnMetric;
  readonly #requestSize: OwnMetric | undefined;
  readonly #responseSize: OwnMetric | undefined;
  readonly #labelNames: readonly string[];
  readonly #inprogressOf = new Map<string, OwnSeries>();
  readonly #series = new LabelTree<RequestSeries>();
  #count = 0;

  /** Makes metrics that nothing was counted in. */
  constructor(settings: RequestMetricsSettings) {
    this.settings = settings;
    const { prefix, buckets, sizeBuckets } = settings;
    const labelNames = [...REQUEST_LABELS, ...settings.labelNames];
    this.#labelNames = labelNames;
    this.#requests = new OwnMetric({
      type: "counter",
      name: `${prefix}http_requests_total`,
      help: "HTTP requests whose response was sent, or whose client has gone.",
      labelNames,
    });
    this.#duration = new OwnMetric({
      type: "histogram",
      name: `${prefix}http_request_duration_seconds`,
      help: "Time from request to the last byte of the response.",
      labelNames,
      bounds: buckets,
    });
    this.#inprogress = new OwnMetric({
      type: "gauge",
      name: `${prefix}http_requests_inprogress`,
      help: "HTTP requests whose response was not yet sent.",
      labelNames: ["method"],
    });
    this.all = [this.#requests, this.#duration, this.#inprogress];
    if (sizeBuckets === undefined) return;
    this.#requestSize = new OwnMetric({
      type: "histogram",
      name: `${prefix}http_request_size_bytes`,
      help: "Size of the bodies of HTTP requests.",
      labelNames,
      bounds: sizeBuckets,
    });
    this.#responseSize = new OwnMetric({
      type: "histogram",
      name: `${prefix}http_response_size_bytes`,
      help: "Size of the bodies of HTTP responses.",
      labelNames,
      bounds: sizeBuckets,
    });
    this.all.push(this.#requestSize, this.#responseSize);
  }

  /** Counts a request that has come; the result is to be lowered at its end. */
  begin(method: string): OwnSeries {
    let series = this.#inprogressOf.get(method);
    if (series === undefined) {
      series = this.#inprogress.of({ method });
      this.#inprogressOf.set(method, series);
    }
    series.add(1);
    return series;
  }

  /**
   * Finds the series of a label set.
   *
   * @param own The values of the application's own labels.
   */
  of(
    method: string,
    route: string,
    status: number,
    own: readonly string[],
  ): RequestSeries {
    const found = this.#series.get(method, route, status, own);
    if (found !== undefined) return found;
    if (this.#count < this.settings.maxSeries) {
      this.#count++;
      return this.#make([method, route, status, ...own]);
    }
    const others = own.map(() => OTHER);
    return this.#series.get(method, OTHER, status, others) ??
      this.#make([method, OTHER, status, ...others]);
  }

  #make(values: readonly (string | number)[]): RequestSeries {
    const labels = Object.fromEntries(
      this.#labelNames.map((name, i) => [name, String(values[i])]),
    );
    const made = new RequestSeries(
      this.#requests.of(labels),
      this.#duration.of(labels),
      this.#requestSize?.of(labels),
      this.#responseSize?.of(labels),
    );
    this.#series.set(values, made);
    return made;
  }
}
