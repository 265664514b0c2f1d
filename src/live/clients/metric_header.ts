import { bucketsOf } from "../../clients/buckets.ts";
import type { StoredMetric } from "../../clients/storage.ts";
import type { FamilyHeader } from "../family_header.ts";

/** What a metric was configured with. */
type Configured = StoredMetric & {
  readonly buckets?: readonly number[];
  readonly enableExemplars?: unknown;
};

/**
 * The upper bounds of a histogram, as they were configured: both clients
 * register a metric before its constructor has come to `upperBounds`.
 */
export function boundsOf(metric: StoredMetric): readonly number[] {
  return metric.upperBounds ?? (metric as Configured).buckets ?? [];
}

/** What readers are told of a metric. */
export function headerOf(metric: StoredMetric): FamilyHeader {
  const { name, help, type, enableExemplars } = metric as Configured;
  const isHistogram = type === "histogram";
  return {
    name,
    help: String(help),
    type,
    bounds: isHistogram ? bucketsOf(boundsOf(metric)).bounds : undefined,
    exemplars: Boolean(enableExemplars) && type !== "gauge",
  };
}
