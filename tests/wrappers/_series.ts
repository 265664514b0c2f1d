/** The part of a metric that returns its values. */
interface Metric {
  get(): Promise<unknown>;
}

interface Value {
  readonly value: number;
  readonly labels: Record<string, string | number>;
  readonly metricName?: string;
}

/** The label sets of a metric with their values; of observations the counts. */
export async function series(
  metric: Metric,
): Promise<[Value["labels"], number][]> {
  const { values } = await metric.get() as { values: readonly Value[] };
  const counts = values.filter(({ metricName }) =>
    metricName?.endsWith("_count")
  );
  return (counts.length > 0 ? counts : values)
    .map(({ labels, value }) => [{ ...labels }, value]);
}
