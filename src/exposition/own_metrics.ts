import type { CollectorError } from "../errors.ts";
import type { MetricFamily } from "../types.ts";
import type { NameFilter } from "./name_filter.ts";
import { packageMetric } from "../metrics/package_metric.ts";

/** An answer to a scrape. */
export interface AnswerRecord {
  /** The status. */
  readonly code: number;
  /** The exposition format, of an answer with metrics. */
  readonly format?: string;
  /** How long it took, in seconds. */
  readonly seconds: number;
  /** The size of the metrics as they were sent, in bytes. */
  readonly bytes?: number;
}

/** The metrics of one handler about its own scrapes. */
export class OwnMetrics {
  readonly #all: boolean;
  readonly #inFlight = packageMetric(
    "gauge",
    "scrapes_in_flight",
    "Scrapes that are being answered, this one included.",
  );
  readonly #scrapes = packageMetric(
    "counter",
    "scrapes_total",
    "Scrapes that were answered, by status and exposition format.",
  );
  readonly #duration = packageMetric(
    "summary",
    "scrape_duration_seconds",
    "Time from request to answer, of answers with metrics.",
  );
  readonly #size = packageMetric(
    "summary",
    "scrape_size_bytes",
    "Size of the answers with metrics, as they were sent.",
  );
  readonly #failures = packageMetric(
    "counter",
    "collector_failures_total",
    "Metrics that could not be gathered, or not wholly, by what went wrong.",
  );
  readonly #collectors = packageMetric(
    "gauge",
    "collector_duration_seconds",
    "Time that a metric's collector took when it ran last.",
  );

  /** Makes the metrics; without `all` only the failures of collectors show. */
  constructor(all: boolean) {
    this.#all = all;
  }

  /** What is served of them. */
  families(isWanted: NameFilter): MetricFamily[] {
    const served = [this.#failures];
    if (this.#all) {
      served.push(
        this.#scrapes,
        this.#inFlight,
        this.#duration,
        this.#size,
        this.#collectors,
      );
    }
    return served
      .filter((each) => this.#all || !each.isEmpty)
      .filter(({ name, type }) => isWanted(name, type))
      .map(({ family }) => family);
  }

  /** How many scrapes are being answered. */
  set inFlight(count: number) {
    this.#inFlight.of().set(count);
  }

  /** Counts a collector's failure. */
  failed({ collector, failure }: CollectorError): void {
    this.#failures.of({ collector, failure }).add(1);
  }

  /** Keeps how long a collector took. */
  collected(collector: string, seconds: number): void {
    if (this.#all) this.#collectors.of({ collector }).set(seconds);
  }

  /** Counts an answer. */
  answered({ code, format, seconds, bytes }: AnswerRecord): void {
    this.#scrapes.of({ code: String(code), format: format ?? "none" }).add(1);
    if (format !== undefined) this.#duration.of().observe(seconds);
    if (bytes !== undefined) this.#size.of().observe(bytes);
  }
}
