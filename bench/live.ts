/**
 * Updates while a mirror keeps them in shared memory, and reading from there,
 * against the untouched clients.
 */
import type * as promClient from "prom-client";
import { encode } from "../src/formats/encode.ts";
import { TEXT_0_0_4 } from "../src/formats/format.ts";
import { Mirror } from "../src/live/mirror.ts";
import { LiveReader } from "../src/memory/reader.ts";
import type { Registry } from "../src/types.ts";
import { compare, type Comparison } from "./_harness.ts";
import {
  type Client,
  CLIENTS,
  counters,
  histograms,
  requireSame,
} from "./_registries.ts";

/** How many label sets are updated in turn. */
const LABEL_SETS = 64;

const OBSERVATIONS = Array.from({ length: 100 }, (_, n) => n * 0.02);

interface Metrics {
  registry: promClient.Registry;
  counter: promClient.Counter;
  gauge: promClient.Gauge;
  histogram: promClient.Histogram;
}

function metricsOf(client: Client, labelNames: string[]): Metrics {
  const registry = new client.Registry();
  const options = (name: string) => ({
    name,
    help: name,
    labelNames,
    registers: [registry],
  });
  return {
    registry,
    counter: new client.Counter(options("requests_total")),
    gauge: new client.Gauge(options("connections")),
    histogram: new client.Histogram(options("duration_seconds")),
  };
}

/** Mirrors a registry until the process ends. */
function mirror(registry: Registry): LiveReader {
  // A mirror goes on whatever is thrown here, but the benchmark must not.
  const onError = (error: unknown) =>
    queueMicrotask(() => {
      throw error;
    });
  const mirror = new Mirror({ registries: [registry], onError });
  const reader = new LiveReader(
    mirror.handOver((chunk) => reader.add(chunk)),
  );
  return reader;
}

/** Calls a function with each of several things in turn. */
function inTurn<T>(things: readonly T[], use: (thing: T, n: number) => void) {
  let n = 0;
  return () => {
    use(things[n % things.length], n);
    n++;
  };
}

const LABELS = Array.from({ length: LABEL_SETS }, (_, n) => ({
  method: n % 2 ? "GET" : "POST",
  path: `/api/v1/items/${n}`,
  status: "200",
}));

type Updates = Readonly<Record<string, () => void>>;

const observation = (n: number) => OBSERVATIONS[n % OBSERVATIONS.length];

/** The updates; each is done to one label set after the other. */
function labelledUpdates({ counter, gauge, histogram }: Metrics): Updates {
  return {
    "counter with labels": inTurn(LABELS, (labels) => counter.inc(labels)),
    "gauge with labels": inTurn(LABELS, (labels, n) => gauge.set(labels, n)),
    "histogram with labels": inTurn(
      LABELS,
      (labels, n) => histogram.observe(labels, observation(n)),
    ),
  };
}

/** The same by children, which are made now. */
function childUpdates({ counter, gauge, histogram }: Metrics): Updates {
  const counters = LABELS.map((labels) => counter.labels(labels));
  const gauges = LABELS.map((labels) => gauge.labels(labels));
  const histograms = LABELS.map((labels) => histogram.labels(labels));
  return {
    "counter child": inTurn(counters, (child) => child.inc()),
    "gauge child, set": inTurn(gauges, (child, n) => child.set(n)),
    "gauge child, inc": inTurn(gauges, (child) => child.inc()),
    "histogram child": inTurn(
      histograms,
      (child, n) => child.observe(observation(n)),
    ),
  };
}

function unlabelledUpdates({ counter, gauge, histogram }: Metrics): Updates {
  return {
    "counter": () => counter.inc(),
    "gauge, set": inTurn([gauge], (gauge, n) => gauge.set(n)),
    "gauge, inc": () => gauge.inc(),
    "histogram": inTurn(OBSERVATIONS, (value) => histogram.observe(value)),
  };
}

/** Compares each update of an untouched registry with that of a mirrored one. */
function compareUpdates(
  name: string,
  client: Client,
  labelNames: string[],
  updatesOf: (metrics: Metrics) => Updates,
  isMirroredBefore = false,
): Comparison[] {
  const untouched = metricsOf(client, labelNames);
  const mirrored = metricsOf(client, labelNames);
  let reader = isMirroredBefore ? mirror(mirrored.registry) : undefined;
  const plain = updatesOf(untouched);
  const live = updatesOf(mirrored);
  reader ??= mirror(mirrored.registry);
  return Object.keys(plain).map((update) => ({
    name: `${update} of ${name}`,
    cases: { untouched: plain[update], mirrored: live[update] },
    baseline: "untouched",
    async check() {
      untouched.registry.resetMetrics();
      mirrored.registry.resetMetrics();
      for (let n = 0; n < LABEL_SETS; n++) {
        plain[update]();
        live[update]();
      }
      requireSame(
        "the reader",
        await untouched.registry.metrics(),
        await encode(reader.read().families, TEXT_0_0_4),
      );
    },
  }));
}

function compareScrapes(
  name: string,
  makeRegistry: () => promClient.Registry,
): Comparison {
  const registry = makeRegistry();
  const reader = mirror(makeRegistry());
  return {
    name,
    cases: {
      "registry.metrics()": () => registry.metrics(),
      "read and encoded": () => encode(reader.read().families, TEXT_0_0_4),
    },
    baseline: "registry.metrics()",
    check: async (_, run) =>
      requireSame("the reader", await registry.metrics(), await run()),
  };
}

/** Children of before the mirror call the client's own functions. */
const BEFORE = "made before the mirror";

const LABEL_NAMES = ["method", "path", "status"];

await compare(
  Object.entries(CLIENTS).flatMap(([name, client]) => [
    ...compareUpdates(name, client, LABEL_NAMES, labelledUpdates),
    ...compareUpdates(name, client, LABEL_NAMES, childUpdates, true),
    ...compareUpdates(`${name}, ${BEFORE}`, client, LABEL_NAMES, childUpdates),
    ...compareUpdates(`${name}, unlabelled`, client, [], unlabelledUpdates),
    compareScrapes(
      `live, 10 000 counters of ${name}`,
      () => counters(client, 10_000),
    ),
    compareScrapes(
      `live, 10 000 histogram lines of ${name}`,
      () => histograms(client, 10_000),
    ),
  ]),
);
