/** A registry with a metric of every type, and scrapes of it. */
import * as promClient from "prom-client";

/** The default answer. */
export const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** A request for metrics. */
export const scrape = (init?: RequestInit): Request =>
  new Request("http://localhost/metrics", init);

/** A registry with a metric of every type, made by a client. */
export function filledRegistry(
  client: Omit<typeof promClient, "default"> = promClient,
): promClient.Registry {
  const { Counter, Gauge, Histogram, Registry, Summary } = client;
  const registry = new Registry();
  const registers = [registry];
  new Counter({ name: "jobs_total", help: "Jobs", registers }).inc(3);
  new Gauge({ name: "temp", help: "Temp", labelNames: ["at"], registers })
    .labels("home").set(-1.5);
  new Histogram({ name: "h", help: "H", buckets: [1, 2], registers }).observe(
    1.5,
  );
  new Summary({ name: "s", help: "S", percentiles: [0.5], registers }).observe(
    2,
  );
  return registry;
}

/** The text that is served of that registry. */
export const FILLED = `# HELP jobs_total Jobs
# TYPE jobs_total counter
jobs_total 3
# HELP temp Temp
# TYPE temp gauge
temp{at="home"} -1.5
# HELP h H
# TYPE h histogram
h_bucket{le="1"} 0
h_bucket{le="2"} 1
h_bucket{le="+Inf"} 1
h_sum 1.5
h_count 1
# HELP s S
# TYPE s summary
s{quantile="0.5"} 2
s_sum 2
s_count 1
`;
