import { describe } from "../describe.ts";
import type {
  CollectedMetric,
  MetricFamily,
  MetricType,
  RegisteredMetric,
  Registry,
  Sample,
} from "../types.ts";

const TYPES: readonly unknown[] = ["counter", "gauge", "histogram", "summary"];

/**
 * Gathers every metric of a registry into families.
 *
 * The registry is only read; the collectors of all metrics run at once.
 *
 * @throws What a metric's collector throws.
 * @throws {TypeError} If the registry holds something that is not a metric.
 */
export async function gather(registry: Registry): Promise<MetricFamily[]> {
  const defaultLabels = defaultLabelsOf(registry);
  return await Promise.all(
    registry.getMetricsAsArray().map(async (metric) =>
      toFamily(await collect(metric), defaultLabels)
    ),
  );
}

async function collect(metric: RegisteredMetric): Promise<CollectedMetric> {
  if (typeof metric.get !== "function") {
    throw new TypeError(
      `Cannot gather metric "${metric.name}": it must have the method get(), ` +
        `received ${describe(metric)}`,
    );
  }
  return await metric.get();
}

function toFamily(
  metric: CollectedMetric,
  defaultLabels: Sample["labels"],
): MetricFamily {
  const { name, help, type } = metric;
  if (!TYPES.includes(type)) {
    throw new TypeError(
      `Cannot gather metric "${name}": its type must be one of ` +
        `${TYPES.join(", ")}, received ${describe(type)}`,
    );
  }
  const samples = metric.values.map(({ metricName, labels, value }) => ({
    name: metricName ?? name,
    labels: { ...defaultLabels, ...labels } as Sample["labels"],
    value,
  }));
  return { name, help, type: type as MetricType, samples };
}

/** Both clients keep what `setDefaultLabels()` was given in this property. */
function defaultLabelsOf(registry: Registry): Sample["labels"] {
  return (registry as { _defaultLabels?: Sample["labels"] })._defaultLabels ??
    {};
}
