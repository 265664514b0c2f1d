/** How a handler tells of its scrapes: in metrics, and to `onError`. */

import { listNames, quote } from "../base/describe.ts";
import {
  type ActionReport,
  actionReporter,
  type Report,
} from "../base/report.ts";
import type { CollectorError } from "../errors.ts";
import { leftOutError } from "../families/failures.ts";
import type { MergedFamilies } from "../families/merge.ts";
import type { Gathering } from "../gather/gather.ts";
import type { OwnMetric } from "../metrics/own_metric.ts";
import type { OwnRegistry } from "../metrics/own_registry.ts";

export interface AnswerRecord {
  readonly code: number;
  /** The exposition format, of an answer with metrics. */
  readonly format?: string;
  readonly seconds: number;
  /** The size of the metrics as they were sent, in bytes. */
  readonly bytes?: number;
}

/**
 * The failures that any collector may have. Their series begin with 0: to
 * `increase()` a series that begins with 1 has not increased.
 */
const EXPECTED: readonly CollectorError["failure"][] = ["error", "timeout"];

export class ScrapeReports {
  readonly #own: OwnRegistry;
  /** Reports an error; without `onError` the first of each action. */
  readonly report: ActionReport;
  #failures: OwnMetric | undefined;
  #hasToldLeftOut = false;
  readonly #metrics: ReturnType<typeof scrapeMetrics> | undefined;
  /** Collectors whose failures have series. */
  readonly #known = new Set<string>();
  #isFirst = true;

  /** @param hasMetrics Without, only failures are counted, from the first one on. */
  constructor(
    own: OwnRegistry,
    hasMetrics: boolean,
    onError: Report | undefined,
  ) {
    this.#own = own;
    this.report = actionReporter(onError);
    if (!hasMetrics) return;
    this.#failures = failuresMetric(own);
    this.#metrics = scrapeMetrics(own);
  }

  failed(failure: CollectorError): void {
    const { collector } = failure;
    this.#failures ??= failuresMetric(this.#own);
    this.#failures.of({ collector, failure: failure.failure }).add(1);
    this.report(`gather metric ${quote(collector)}`, failure);
  }

  /** @param format The exposition format of the answer. */
  gathered(
    { durations, leftOut = [] }: Gathering,
    inFlight: number,
    format: string,
  ): void {
    if (leftOut.length > 0 && !this.#hasToldLeftOut) {
      this.#hasToldLeftOut = true;
      this.report("serve all metrics", leftOutError(leftOut));
    }
    if (this.#metrics === undefined) return;
    const { collectors, scrapes } = this.#metrics;
    for (const [collector, seconds] of durations) {
      collectors.of({ collector }).set(seconds);
      if (this.#known.has(collector)) continue;
      this.#known.add(collector);
      for (const failure of EXPECTED) {
        this.#failures!.of({ collector, failure });
      }
    }
    this.#metrics.inFlight.of().set(inFlight);
    if (this.#isFirst) {
      scrapes.of({ code: "200", format });
      for (const code of ["500", "503"]) scrapes.of({ code, format: "none" });
    }
    this.#isFirst = false;
  }

  answered({ code, format, seconds, bytes }: AnswerRecord): void {
    if (this.#metrics === undefined) return;
    const { scrapes, duration, size } = this.#metrics;
    scrapes.of({ code: String(code), format: format ?? "none" }).add(1);
    if (format !== undefined) duration.of().observe(seconds);
    if (bytes !== undefined) size.of().observe(bytes);
  }
}

function failuresMetric(own: OwnRegistry): OwnMetric {
  return own.add(
    "counter",
    "collector_failures_total",
    "Metrics that could not be gathered, or not wholly, by what went wrong.",
  );
}

function scrapeMetrics(own: OwnRegistry) {
  return {
    scrapes: own.add(
      "counter",
      "scrapes_total",
      "Scrapes that were answered, by status and exposition format.",
    ),
    inFlight: own.add(
      "gauge",
      "scrapes_in_flight",
      "Answers that are being written or sent, this one included.",
    ),
    duration: own.add(
      "summary",
      "scrape_duration_seconds",
      "Time from request to answer, of answers with metrics.",
    ),
    size: own.add(
      "summary",
      "scrape_size_bytes",
      "Size of the answers with metrics, as they were sent.",
    ),
    collectors: own.add(
      "gauge",
      "collector_duration_seconds",
      "Time that a metric's collector took when it ran last.",
    ),
  };
}

/** Tells once what an application may not expect of the default registry. */
export class DefaultNotices {
  readonly #report: ActionReport;
  readonly #repeated = new Set<string>();
  #isFirst = true;

  constructor(report: ActionReport) {
    this.#report = report;
  }

  /** Looks at the result of a scrape of some names, or of all metrics. */
  look(
    { families, repeated }: MergedFamilies,
    names: readonly string[],
  ): void {
    const others = [...repeated].filter((name) => !this.#repeated.has(name));
    if (others.length > 0) {
      this.#report("serve the metrics of all clients", repeatedError(others));
    }
    for (const name of others) this.#repeated.add(name);
    // A scrape of some names may ask for metrics of another registry only.
    if (names.length > 0 || !this.#isFirst) return;
    this.#isFirst = false;
    const isOwn = ({ name }: { name: string }) =>
      name.startsWith("prometheus_async_");
    if (!families.every(isOwn)) return;
    this.#report("serve metrics of the application", emptyError());
  }
}

function repeatedError(names: readonly string[]): Error {
  return new Error(
    "Cannot serve all samples of the clients that are loaded: several have " +
      `those of ${listNames(names)}, and the first ` +
      "client's are served; have one client collect default metrics, or pass " +
      "`registry`",
  );
}

function emptyError(): Error {
  return new Error(
    "Cannot serve metrics of the application: the global registries of the " +
      "clients that it has loaded have none; pass `registry` if it has metrics " +
      "in a registry of its own, in a client that is an ES module, or under a " +
      "test runner that loads modules itself; if it has no client, add " +
      "prom-client or @prometheus-io/client",
  );
}
