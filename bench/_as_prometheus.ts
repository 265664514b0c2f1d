/** The headers that Prometheus 3 asks with; a server compresses for it. */
export const AS_PROMETHEUS: readonly string[] = [
  "Accept: application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
  "Accept-Encoding: gzip",
  "User-Agent: Prometheus/3.5.0",
  "X-Prometheus-Scrape-Timeout-Seconds: 10",
];
