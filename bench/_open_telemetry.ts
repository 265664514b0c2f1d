/** OpenTelemetry's metrics, with its exporter for Prometheus. */
import {
  PrometheusExporter,
  PrometheusSerializer,
} from "@opentelemetry/exporter-prometheus";
import { AggregationType, MeterProvider } from "@opentelemetry/sdk-metrics";

type Meter = ReturnType<MeterProvider["getMeter"]>;

/** A meter, and the answer to a scrape of its metrics. */
export interface OpenTelemetry {
  readonly meter: Meter;
  /** Collects all metrics and writes them as text 0.0.4. */
  expose(): Promise<string>;
}

/** The buckets that both clients have by default. */
const BUCKETS = [
  0.005,
  0.01,
  0.025,
  0.05,
  0.1,
  0.25,
  0.5,
  1,
  2.5,
  5,
  10,
];

/** Sets it up so that it measures and writes what the clients do. */
export function openTelemetry(): OpenTelemetry {
  const exporter = new PrometheusExporter({ preventServerStart: true });
  const provider = new MeterProvider({
    readers: [exporter],
    views: [{
      instrumentName: "*_seconds",
      aggregation: {
        type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM,
        options: { boundaries: BUCKETS, recordMinMax: false },
      },
      aggregationCardinalityLimit: Infinity,
    }, {
      instrumentName: "*_total",
      aggregationCardinalityLimit: Infinity,
    }],
  });
  // Nothing of where the process runs, and which library asks: no client has it.
  const withoutTargetInfo = true;
  const withoutScopeInfo = true;
  const serializer = new PrometheusSerializer(
    "",
    false,
    undefined,
    withoutTargetInfo,
    withoutScopeInfo,
  );
  return {
    meter: provider.getMeter("bench"),
    async expose() {
      const { resourceMetrics, errors } = await exporter.collect();
      if (errors.length > 0) throw errors[0];
      return serializer.serialize(resourceMetrics);
    },
  };
}
