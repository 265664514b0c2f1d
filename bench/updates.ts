/**
 * Updates with each client and rival, against a cell of a typed array: the limit.
 * live.ts has what a mirror adds to the clients' updates.
 */
import { type Cases, compare, type Comparison } from "./_harness.ts";
import { type OpenTelemetry, openTelemetry } from "./_open_telemetry.ts";
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
  return {
    counter: new client.Counter({ ...common, name: "requests_total" }),
    gauge: new client.Gauge({ ...common, name: "connections" }),
    histogram: new client.Histogram({ ...common, name: "duration_seconds" }),
    expose: () => registry.metrics(),
  };
}

type Metrics = Omit<ReturnType<typeof metricsOf>, "expose">;
type Meter = OpenTelemetry["meter"];

/** The ways of one update. */
interface Update {
  /** The sample that tells what was added. */
  readonly sample: string;
  /** Without labels. */
  plain(metrics: Metrics): () => void;
  /** With the labels in each call. */
  labelled(metrics: Metrics): () => void;
  /** By a child, which was asked for once. */
  child(metrics: Metrics): () => void;
  openTelemetry(meter: Meter, attributes?: Record<string, string>): () => void;
  /** No client at all; the first cell has the sum. */
  cell(cells: Float64Array): () => void;
}

const BOUNDS = [.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10];

/** The updates, by their names. */
const UPDATES: Readonly<Record<string, Update>> = {
  "counter.inc()": {
    sample: "requests_total",
    plain: ({ counter }) => () => counter.inc(),
    labelled: ({ counter }) => () => counter.inc(LABELS),
    child({ counter }) {
      const child = counter.labels(LABELS);
      return () => child.inc();
    },
    openTelemetry(meter, attributes) {
      const counter = meter.createCounter("requests_total");
      return () => counter.add(1, attributes);
    },
    cell: (cells) => () => void cells[0]++,
  },
  "gauge.set()": {
    sample: "connections",
    plain: ({ gauge }) => inTurn((n) => gauge.set(n)),
    labelled: ({ gauge }) => inTurn((n) => gauge.set(LABELS, n)),
    child({ gauge }) {
      const child = gauge.labels(LABELS);
      return inTurn((n) => child.set(n));
    },
    openTelemetry(meter, attributes) {
      const gauge = meter.createGauge("connections");
      return inTurn((n) => gauge.record(n, attributes));
    },
    cell: (cells) => inTurn((n) => cells[0] = n),
  },
  "histogram.observe()": {
    sample: "duration_seconds_sum",
    plain: ({ histogram }) => inTurn((n) => histogram.observe(n)),
    labelled: ({ histogram }) => inTurn((n) => histogram.observe(LABELS, n)),
    child({ histogram }) {
      const child = histogram.labels(LABELS);
      return inTurn((n) => child.observe(n));
    },
    openTelemetry(meter, attributes) {
      const histogram = meter.createHistogram("duration_seconds");
      return inTurn((n) => histogram.record(n, attributes));
    },
    cell: (cells) =>
      inTurn((n) => {
        let bucket = 0;
        while (bucket < BOUNDS.length && n > BOUNDS[bucket]) bucket++;
        cells[1 + bucket]++;
        cells[0] += n;
      }),
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

/** The value of the sample of a name. */
function valueOf(text: string, sample: string): number {
  const line = text.split("\n").find((line) =>
    line.split(/[ {]/)[0] === sample
  );
  return Number(line?.split(" ").at(-1) ?? 0);
}

function waysOf(update: Update, isLabelled: boolean): Ways {
  const ways: Record<string, Way> = {};
  const { sample } = update;
  const ofClient = (client: Client, make: (metrics: Metrics) => () => void) => {
    const metrics = metricsOf(client, isLabelled ? LABEL_NAMES : []);
    const sum = async () => valueOf(await metrics.expose(), sample);
    return { update: make(metrics), sum };
  };
  for (const [name, client] of Object.entries(CLIENTS)) {
    const make = isLabelled ? update.labelled : update.plain;
    ways[name] = ofClient(client, make);
    if (isLabelled) ways[`${name}, child`] = ofClient(client, update.child);
  }
  const { meter, expose } = openTelemetry();
  const cells = new Float64Array(
    new SharedArrayBuffer(8 * (BOUNDS.length + 2)),
  );
  return {
    ...ways,
    "OpenTelemetry": {
      update: update.openTelemetry(meter, isLabelled ? LABELS : undefined),
      sum: async () => valueOf(await expose(), sample),
    },
    "a cell": { update: update.cell(cells), sum: () => cells[0] },
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
