import type { Registry } from "../types.ts";
import type { OwnMetric } from "./own_metric.ts";

/** Brings metrics up to date, and lists those that have samples. */
export type MetricLister = () => readonly OwnMetric[];

/**
 * A registry that owns names: other registries' metrics with these names are not
 * served, even while its own are absent.
 */
export class LeadingRegistry implements Registry {
  readonly names: ReadonlySet<string>;
  /** Lists the metrics that no other thread could read. */
  readonly ofThread: MetricLister;
  /** Lists the others. */
  readonly ofProcess: MetricLister;

  constructor(
    names: ReadonlySet<string>,
    ofThread: MetricLister,
    ofProcess: MetricLister,
  ) {
    this.names = names;
    this.ofThread = ofThread;
    this.ofProcess = ofProcess;
  }

  getMetricsAsArray(): readonly OwnMetric[] {
    return [...this.ofProcess(), ...this.ofThread()];
  }
}

/** The registry among others whose names they may not have, if there is one. */
export function leaderOf(
  registries: Iterable<Registry>,
): LeadingRegistry | undefined {
  for (const each of registries) {
    if (each instanceof LeadingRegistry) return each;
  }
}
