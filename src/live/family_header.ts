import type { MetricType, Series } from "../types.ts";

/** What the header of a live family says. */
export interface FamilyHeader {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  /** Of a histogram the upper bounds, ascending, without `+Inf`. */
  readonly bounds?: readonly number[];
  /** Whether there are cells for exemplars. */
  readonly exemplars: boolean;
}

/** The header of a family that is not live: all of it, as it was last known. */
export interface FamilySnapshot {
  readonly name: string;
  readonly help: string;
  readonly type: MetricType;
  readonly series: readonly Series[];
  /** As texts, since JSON lacks `NaN`, the infinities and `-0`. */
  readonly values: readonly string[];
  readonly exemplars: readonly (readonly [index: number, SnapshotExemplar])[];
}

/** An exemplar in a {@linkcode FamilySnapshot}. */
interface SnapshotExemplar {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: string;
  readonly timestamp?: number;
}
