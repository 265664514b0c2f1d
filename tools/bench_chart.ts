/** The chart of the benchmarks: how many times as fast as what else there is. */
import * as echarts from "echarts";
import {
  type BenchRecord,
  columnsOf,
  type RecordedResult,
} from "./bench_record.ts";
import { fail } from "./files.ts";
import type { RuntimeName } from "./runtimes.ts";

/** A row of the chart: a case of a comparison, and what it is set against. */
interface Row {
  readonly label: string;
  readonly comparison: string;
  readonly ours: string;
  readonly theirs: string;
}

/** The comparisons that decide an adoption; losses are among them. */
const ROWS: readonly Row[] = [
  {
    label: "time() around an async function\nagainst the same by hand",
    comparison: "async: time()",
    ours: "wrapped",
    theirs: "by hand",
  },
  {
    label: "all three wrappers around it\nagainst the same by hand",
    comparison: "async: the three stacked",
    ours: "wrapped",
    theirs: "by hand",
  },
  {
    label: "… against OpenTelemetry by hand",
    comparison: "async: the three stacked",
    ours: "wrapped",
    theirs: "OpenTelemetry, by hand",
  },
  {
    label: "all three, where it rejects\nagainst the same by hand",
    comparison: "rejecting: the three stacked",
    ours: "wrapped",
    theirs: "by hand",
  },
  {
    label: "all three, synchronous\nagainst the same by hand",
    comparison: "sync: the three stacked",
    ours: "wrapped",
    theirs: "by hand",
  },
  {
    label: "inc() of a child while a thread reads it\nagainst prom-client's",
    comparison: "counter child of prom-client",
    ours: "mirrored",
    theirs: "untouched",
  },
  {
    label: "first scrape of 10 000 counters\nagainst prom-client's",
    comparison: "10 000 counters of prom-client, first scrape",
    ours: "gathered and encoded",
    theirs: "registry.metrics()",
  },
  {
    label: "all other scrapes of 10 000 counters\nagainst prom-client's",
    comparison: "10 000 counters of prom-client",
    ours: "handler, uncompressed",
    theirs: "registry.metrics()",
  },
  {
    label: "… against OpenTelemetry's",
    comparison: "10 000 counters of prom-client",
    ours: "handler, uncompressed",
    theirs: "OpenTelemetry",
  },
  {
    label: "10 000 lines of histograms\nagainst prom-client's",
    comparison: "10 000 histogram lines of prom-client",
    ours: "handler, uncompressed",
    theirs: "registry.metrics()",
  },
  {
    label: "1 000 metrics of one series\nagainst prom-client's",
    comparison: "1 000 metrics of one series, of prom-client",
    ours: "handler, uncompressed",
    theirs: "registry.metrics()",
  },
  {
    label: "GET /metrics, 1 000 counters\nagainst prom-client's",
    comparison: "GET /metrics, 1 000 counters, 1 at a time",
    ours: "metricsHandler()",
    theirs: "prom-client",
  },
  {
    label: "… from a thread",
    comparison: "GET /metrics, 1 000 counters, 1 at a time",
    ours: "startHttpServerInThread()",
    theirs: "prom-client",
  },
  {
    label: "… compressed, as Prometheus asks\n(prom-client does not compress)",
    comparison: "GET /metrics, 1 000 counters, 1 at a time, as Prometheus asks",
    ours: "metricsHandler()",
    theirs: "prom-client",
  },
  {
    label:
      "1 000 lines of histograms, compressed\n(prom-client does not compress)",
    comparison:
      "GET /metrics, 1 000 histogram lines, 1 at a time, as Prometheus asks",
    ours: "metricsHandler()",
    theirs: "prom-client",
  },
  {
    label: "other requests' p99 while scraped\nagainst prom-client's",
    comparison:
      "p99 of an application's requests, 10 000 counters, ten scrapes a second",
    ours: "metricsHandler()",
    theirs: "prom-client",
  },
  {
    label: "… from a thread",
    comparison:
      "p99 of an application's requests, 10 000 counters, ten scrapes a second",
    ours: "startHttpServerInThread()",
    theirs: "prom-client",
  },
  {
    label: "requests measured by prometheus()\nagainst @hono/prometheus",
    comparison: "requests, measured by one middleware or the other",
    ours: "prometheus()",
    theirs: "@hono/prometheus",
  },
];

const COLORS: Readonly<Record<RuntimeName, string>> = {
  deno: "#70ffaf",
  bun: "#fbb4c4",
  node: "#5fa04e",
};

/** Draws the chart as SVG. */
export function chart(record: BenchRecord): string {
  const drawing = echarts.init(null, null, {
    renderer: "svg",
    ssr: true,
    width: 860,
    height: 1000,
  });
  drawing.setOption({
    backgroundColor: "#ffffff",
    animation: false,
    title: {
      text: "Times as fast (logarithmic; left of 1 is slower)",
      subtext: record.machine,
      left: 10,
    },
    legend: { top: 10, right: 20 },
    grid: { left: 270, right: 60, top: 70, bottom: 30 },
    xAxis: {
      type: "log",
      min: 0.1,
      max: 1000,
      startValue: 1,
      axisLabel: { formatter: (value: number) => `${value} ×` },
    },
    yAxis: {
      type: "category",
      inverse: true,
      // Equal labels would be one row.
      data: ROWS.map((_, n) => n),
      axisLabel: {
        lineHeight: 15,
        formatter: (_value: string, n: number) => ROWS[n].label,
      },
      axisTick: { show: false },
    },
    series: columnsOf(record).map(({ runtime, title, results }) => ({
      type: "bar",
      name: title,
      itemStyle: { color: COLORS[runtime] },
      barGap: "10%",
      barCategoryGap: "25%",
      label: { show: true, position: "right", fontSize: 10 },
      data: ROWS.map((row) => timesAsFast(row, results)),
    })),
  });
  const svg = drawing.renderToSVGString();
  drawing.dispose();
  return `${svg}\n`;
}

/** How many times as fast a row's case is; two digits are enough. */
function timesAsFast(
  { comparison, ours, theirs }: Row,
  results: readonly RecordedResult[],
): number {
  const cases = results.find(({ name }) => name === comparison)?.cases;
  const [mine, others] = [cases?.[ours], cases?.[theirs]];
  if (mine === undefined || others === undefined) {
    fail(
      `Cannot draw "${comparison}": bench/results.json lacks "${ours}" or ` +
        `"${theirs}" of it; run \`deno task bench --write\``,
    );
  }
  return Number((others.ratio / mine.ratio).toPrecision(2));
}
