import type { OwnMetric } from "../metrics/own_metric.ts";
import type { OwnRegistry } from "../metrics/own_registry.ts";

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

/** Adds the metric that counts failures of collectors. */
export function addFailures(own: OwnRegistry): OwnMetric {
  return own.add(
    "counter",
    "collector_failures_total",
    "Metrics that could not be gathered, or not wholly, by what went wrong.",
  );
}

/** The metrics of one handler about its own scrapes. */
export class ScrapeMetrics {
  readonly #scrapes: OwnMetric;
  readonly #inFlight: OwnMetric;
  readonly #duration: OwnMetric;
  readonly #size: OwnMetric;
  readonly #collectors: OwnMetric;

  /** Adds the metrics to a registry. */
  constructor(own: OwnRegistry) {
    this.#scrapes = own.add(
      "counter",
      "scrapes_total",
      "Scrapes that were answered, by status and exposition format.",
    );
    this.#inFlight = own.add(
      "gauge",
      "scrapes_in_flight",
      "Scrapes that are being answered, this one included.",
    );
    this.#duration = own.add(
      "summary",
      "scrape_duration_seconds",
      "Time from request to answer, of answers with metrics.",
    );
    this.#size = own.add(
      "summary",
      "scrape_size_bytes",
      "Size of the answers with metrics, as they were sent.",
    );
    this.#collectors = own.add(
      "gauge",
      "collector_duration_seconds",
      "Time that a metric's collector took when it ran last.",
    );
  }

  /** Sets how many scrapes are being answered. */
  set inFlight(count: number) {
    this.#inFlight.of().set(count);
  }

  /** Keeps how long a collector took. */
  collected(collector: string, seconds: number): void {
    this.#collectors.of({ collector }).set(seconds);
  }

  /** Counts an answer. */
  answered({ code, format, seconds, bytes }: AnswerRecord): void {
    this.#scrapes.of({ code: String(code), format: format ?? "none" }).add(1);
    if (format !== undefined) this.#duration.of().observe(seconds);
    if (bytes !== undefined) this.#size.of().observe(bytes);
  }
}
