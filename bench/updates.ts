/**
 * What an update costs with each client and rival, against a cell of a typed
 * array: the limit. live.ts has what a mirror adds to the clients' updates.
 */
import { type Cases, compare, type Comparison } from "./_harness.ts";
import { openTelemetry } from "./_open_telemetry.ts";
import { type Client, CLIENTS } from "./_registries.ts";

const LABELS = { method: "GET", path: "/api/v1/items", status: "200" };
const LABEL_NAMES = Object.keys(LABELS);

/** How often each case is called before its sum is looked at. */
const CALLS = 3;

/** A way of updating, and the sum of what it has added. */
interface Way {
  update(): void;
  sum(): number | Promise<number>;
}

type Ways = Readonly<Record<string, Way>>;

/** The metrics of a client, with labels or without. */
function metricsOf(client: Client, labelNames: string[]) {
  const registry = new client.Registry();
  const common = { help: "Bench", labelNames, registers: [registry] };
  const sumOf = (name: string) => async () => {
    const metric = registry.getSingleMetric(name)!;
    const { values } = await metric.get() as unknown as {
      values: { value: number; metricName?: string }[];
    };
    const isSum = ({ metricName = name }) =>
      metricName === name || metricName === `${name}_sum`;
    return values.find(isSum)?.value ?? 0;
  };
  return {
    registry,
    counter: new client.Counter({ ...common, name: "requests_total" }),
    gauge: new client.Gauge({ ...common, name: "connections" }),
    histogram: new client.Histogram({ ...common, name: "duration_seconds" }),
    sumOf,
  };
}

type Metrics = ReturnType<typeof metricsOf>;

/** The ways of one update. */
interface Update {
  /** Without labels. */
  plain(metrics: Metrics): Way;
  /** With the labels in each call. */
  labelled(metrics: Metrics): Way;
  /** By a child, which was asked for once. */
  child(metrics: Metrics): Way;
  openTelemetry(attributes?: Record<string, string>): Way;
  /** No client at all. */
  cell(): Way;
}

/** What is updated, by its name. */
const UPDATES: Readonly<Record<string, Update>> = {
  "counter.inc()": {
    plain: ({ counter, sumOf }) => ({
      update: () => counter.inc(),
      sum: sumOf("requests_total"),
    }),
    labelled: ({ counter, sumOf }) => ({
      update: () => counter.inc(LABELS),
      sum: sumOf("requests_total"),
    }),
    child: ({ counter, sumOf }) => {
      const child = counter.labels(LABELS);
      return { update: () => child.inc(), sum: sumOf("requests_total") };
    },
    openTelemetry(attributes) {
      const { meter, expose } = openTelemetry();
      const counter = meter.createCounter("requests_total");
      const update = () => counter.add(1, attributes);
      return { update, sum: async () => sampleOf(await expose()) };
    },
    cell() {
      const cells = new Float64Array(new SharedArrayBuffer(8));
      return { update: () => void cells[0]++, sum: () => cells[0] };
    },
  },
  "gauge.set()": {
    plain: ({ gauge, sumOf }) => ({
      update: inTurn((n) => gauge.set(n)),
      sum: sumOf("connections"),
    }),
    labelled: ({ gauge, sumOf }) => ({
      update: inTurn((n) => gauge.set(LABELS, n)),
      sum: sumOf("connections"),
    }),
    child: ({ gauge, sumOf }) => {
      const child = gauge.labels(LABELS);
      return {
        update: inTurn((n) => child.set(n)),
        sum: sumOf("connections"),
      };
    },
    openTelemetry(attributes) {
      const { meter, expose } = openTelemetry();
      const gauge = meter.createGauge("connections");
      const update = inTurn((n) => gauge.record(n, attributes));
      return { update, sum: async () => sampleOf(await expose()) };
    },
    cell() {
      const cells = new Float64Array(new SharedArrayBuffer(8));
      const update = inTurn((n) => cells[0] = n);
      return { update, sum: () => cells[0] };
    },
  },
  "histogram.observe()": {
    plain: ({ histogram, sumOf }) => ({
      update: inTurn((n) => histogram.observe(n)),
      sum: sumOf("duration_seconds"),
    }),
    labelled: ({ histogram, sumOf }) => ({
      update: inTurn((n) => histogram.observe(LABELS, n)),
      sum: sumOf("duration_seconds"),
    }),
    child: ({ histogram, sumOf }) => {
      const child = histogram.labels(LABELS);
      return {
        update: inTurn((n) => child.observe(n)),
        sum: sumOf("duration_seconds"),
      };
    },
    openTelemetry(attributes) {
      const { meter, expose } = openTelemetry();
      const histogram = meter.createHistogram("duration_seconds");
      const update = inTurn((n) => histogram.record(n, attributes));
      return { update, sum: async () => sampleOf(await expose(), "_sum") };
    },
    cell() {
      const bounds = [.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10];
      const cells = new Float64Array(new SharedArrayBuffer(8 * 13));
      const update = inTurn((n) => {
        let bucket = 0;
        while (bucket < bounds.length && n > bounds[bucket]) bucket++;
        cells[1 + bucket]++;
        cells[0] += n;
      });
      return { update, sum: () => cells[0] };
    },
  },
};

/** Calls a function with one number after the other. */
function inTurn(use: (n: number) => void): () => void {
  let n = 0;
  return () => {
    n = n === 8 ? 1 : n + 1;
    use(n);
  };
}

/** The value of the sample whose name ends so. */
function sampleOf(text: string, end = ""): number {
  const line = text.split("\n").find((line) =>
    line[0] !== "#" && line.split(/[ {]/)[0].endsWith(end)
  );
  return Number(line?.split(" ").at(-1) ?? 0);
}

function waysOf(update: Update, isLabelled: boolean): Ways {
  const ways: Record<string, Way> = {};
  for (const [name, client] of Object.entries(CLIENTS)) {
    const labelNames = isLabelled ? LABEL_NAMES : [];
    const make = isLabelled ? update.labelled : update.plain;
    ways[name] = make(metricsOf(client, labelNames));
    if (!isLabelled) continue;
    ways[`${name}, child`] = update.child(metricsOf(client, labelNames));
  }
  return {
    ...ways,
    "OpenTelemetry": update.openTelemetry(isLabelled ? LABELS : undefined),
    "a cell": update.cell(),
  };
}

function comparison(name: string, isLabelled: boolean): Comparison {
  let ways: Ways = {};
  return {
    name: `${name}${isLabelled ? ", three labels" : ""}`,
    baseline: "prom-client",
    cases() {
      ways = waysOf(UPDATES[name], isLabelled);
      return Object.fromEntries(
        Object.entries(ways).map(([name, { update }]) => [name, update]),
      ) satisfies Cases;
    },
    async check(each, run) {
      for (let n = 0; n < CALLS; n++) run();
      // A gauge has the last value; the others have 1, 2 and 3, or three times 1.
      const wanted = name === "histogram.observe()" ? 1 + 2 + 3 : CALLS;
      const sum = await ways[each].sum();
      if (sum !== wanted) throw new Error(`${name}, ${each}: added ${sum}`);
    },
  };
}

await compare(
  Object.keys(UPDATES).flatMap((name) => [
    comparison(name, false),
    comparison(name, true),
  ]),
);
