import type { CollectorError } from "../errors.ts";
import type { MetricFamily } from "../types.ts";
import type { Deadline } from "./deadline.ts";

/** The families of a scrape, as they were gathered. */
export interface Gathering {
  /** The families; several may have the same name. */
  readonly families: readonly MetricFamily[];
  /** One for each metric that is not among them, or not wholly. */
  readonly failures: readonly CollectorError[];
  /** How long each collector took that has ended, in seconds. */
  readonly durations: ReadonlyMap<string, number>;
}

/** The part of a scrape that decides what is gathered. */
export interface GatherRequest {
  /** The names that it is restricted to; none for all metrics. */
  readonly names: readonly string[];
  /** How long collectors have. */
  readonly deadline: Deadline;
  /**
   * For how long, in milliseconds since its beginning, what a collector did is
   * good enough for this scrape as well.
   */
  readonly maxAge: number;
}

/** A metric, for people. */
export interface ListedMetric {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  /** Why its values are not live, where all others are. */
  readonly notLive?: string;
}

/** The metrics that there are, for people. */
export interface Overview {
  readonly metrics: readonly ListedMetric[];
  /** The client packages that have made them, where they are known. */
  readonly clients: readonly string[];
}

/** Where the metrics of a handler come from. */
export interface Gatherer {
  /**
   * Gathers metrics.
   *
   * @throws {Error} If there is no registry.
   */
  gather(request: GatherRequest): Promise<Gathering>;
  /**
   * Lists the metrics, without collecting them.
   *
   * @throws {Error} If there is no registry before the deadline.
   */
  overview(deadline: Deadline): Promise<Overview>;
}
