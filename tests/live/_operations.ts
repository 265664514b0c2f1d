import fc from "fast-check";
import type * as promClient from "prom-client";
import { client } from "../_client.ts";

type Labels = Record<string, unknown>;

/** Label sets; some pairs are one to `prom-client`, others to its successor. */
const LABEL_SETS: readonly Labels[] = [
  { x: "a", y: "b" },
  { y: "b", x: "a" },
  { x: "c" },
  { x: 1, y: "b" },
  { x: "1", y: "b" },
  { x: 'quo"te\\\n', y: "ünï😀" },
  { x: "1,y:2", y: "3" },
  { x: "1", y: "2,y:3" },
  { x: "p|q", y: "r" },
  { x: "p", y: "q|r" },
  { x: 0, y: -0 },
  { x: true, y: null },
  { x: "a", y: undefined },
  { x: "a", y: "b", z: "none of its labels" },
  {},
];

const INHERITED = { x: "inherited" };

/** Ways in which an object has its labels. */
const FORMS: readonly ((labels: object, changed: Labels) => object)[] = [
  (labels) => ({ ...labels }),
  (labels, changed) => {
    for (const name of Object.keys(changed)) delete changed[name];
    return Object.assign(changed, labels);
  },
  (labels) => Object.assign(Object.create(null), labels),
  (labels) => Object.create(labels),
  (labels) => Object.assign(Object.create(INHERITED), labels),
];

const value = fc.oneof(
  { weight: 6, arbitrary: fc.double({ min: 0, max: 20, noNaN: true }) },
  fc.constantFrom(0, 1, -0, 5e-324, 1e308, NaN, Infinity, -1, 0.1),
  fc.constantFrom(undefined, null, "1", 1n, {}, true),
);

/** The values that {@linkcode operation} generates. */
export type Operation = MetricOperation | { readonly registry: string };

interface MetricOperation {
  readonly do: string;
  /** The index of the metric. */
  readonly metric: number;
  /** The index of the label set. */
  readonly labels: number;
  /** The index of the form that they have. */
  readonly form: number;
  readonly value: unknown;
}

const onMetric = fc.record({
  do: fc.oneof(
    { weight: 12, arbitrary: fc.constant("update") },
    { weight: 8, arbitrary: fc.constantFrom("child", "new child") },
    { weight: 5, arbitrary: fc.constantFrom("add", "subtract", "remove") },
    { weight: 2, arbitrary: fc.constantFrom("come and go", "zero") },
    fc.constantFrom("reset", "unregister", "register"),
  ),
  metric: fc.nat({ max: 5 }),
  labels: fc.nat({ max: LABEL_SETS.length - 1 }),
  form: fc.constant(0),
  value,
});

const onRegistry = fc.constantFrom(
  "clear",
  "resetMetrics",
  "setDefaultLabels",
  "make",
  "getMetricsAsJSON",
).map((operation) => ({ registry: operation }));

/** Something that an application does. */
export const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 12, arbitrary: onMetric },
  { weight: 1, arbitrary: onRegistry },
);

/** The same with labels of any form: the clients count some of them twice. */
export const oddOperation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 1, arbitrary: operation },
  {
    weight: 1,
    arbitrary: fc.tuple(onMetric, fc.nat({ max: FORMS.length - 1 }))
      .map(([each, form]) => ({ ...each, form })),
  },
);

type AnyMetric =
  | promClient.Counter
  | promClient.Gauge
  | promClient.Histogram;

/** An application with its metrics. */
export class Application {
  readonly registry: promClient.Registry = new client.Registry();
  readonly #metrics: AnyMetric[];
  /** Children that are kept, by metric and label set. */
  readonly #children = new Map<string, unknown>();
  /** Labels that are changed, and passed again. */
  readonly #changed: Labels = {};
  #made = 0;

  /** Makes metrics that were never updated. */
  constructor(buckets: number[] = [0.5, 1, 5, 10]) {
    this.#metrics = ["x", ""].flatMap((labelled) => [
      new client.Counter(this.#options(`counter${labelled}_total`, labelled)),
      new client.Gauge(this.#options(`gauge${labelled}`, labelled)),
      new client.Histogram({
        ...this.#options(`histogram${labelled}`, labelled),
        buckets,
      }),
    ]);
  }

  /** Does something; yields what was thrown. */
  async perform(operation: Operation): Promise<unknown> {
    try {
      if ("registry" in operation) await this.#onRegistry(operation.registry);
      else this.#onMetric(operation);
    } catch (error) {
      return error instanceof Error ? `${error.name}: ${error.message}` : error;
    }
  }

  /** The properties of the client's objects, and their descriptors. */
  internals(): unknown {
    return [this.registry, ...this.#metrics].map((each) =>
      Object.entries(Object.getOwnPropertyDescriptors(each)).map(
        ([name, { get, set, value, ...attributes }]) => [
          name,
          [get, set],
          attributes,
          isStorage(name) ? inside(value) : undefined,
        ],
      )
    );
  }

  #options(name: string, labelled: string) {
    return {
      name,
      help: `Help of ${name}`,
      labelNames: labelled ? ["x", "y"] : [],
      registers: [this.registry],
    };
  }

  async #onRegistry(operation: string): Promise<void> {
    const { registry } = this;
    if (operation === "clear") registry.clear();
    else if (operation === "resetMetrics") registry.resetMetrics();
    else if (operation === "getMetricsAsJSON") {
      await registry.getMetricsAsJSON();
    } else if (operation === "setDefaultLabels") {
      registry.setDefaultLabels({ zone: "default" });
    } else {
      const options = this.#options(`made_${this.#made++ % 3}`, "x");
      const labels = { x: "new", y: "newer" };
      new client.Counter(options).inc(labels, this.#made);
    }
  }

  #onMetric(operation: MetricOperation): void {
    const { metric: index, labels: set, form } = operation;
    const value = operation.value as number;
    const metric = this.#metrics[index];
    const isLabelled = index < 3;
    // Clients keep the object: each call has its own.
    const labels =
      (isLabelled ? FORMS[form](LABEL_SETS[set], this.#changed) : {}) as never;
    const child = () => {
      const key = `${index} ${set}`;
      const isNew = operation.do === "new child";
      if (isNew || !this.#children.has(key)) {
        this.#children.set(key, metric.labels(labels));
      }
      return this.#children.get(key) as
        & promClient.Counter.Internal
        & promClient.Gauge.Internal<string>
        & promClient.Histogram.Internal<string>;
    };
    switch (operation.do) {
      case "update":
        if (metric instanceof client.Counter) metric.inc(labels, value);
        else if (metric instanceof client.Gauge) metric.set(labels, value);
        else if (isLabelled) metric.observe(labels, value);
        else metric.observe(value);
        break;
      case "child":
      case "new child":
        if (metric instanceof client.Counter) child().inc(value);
        else if (metric instanceof client.Gauge) child().set(value);
        else child().observe(value);
        break;
      case "add":
        if (metric instanceof client.Gauge) metric.inc(labels, value);
        break;
      case "subtract":
        if (metric instanceof client.Gauge) child().dec(value);
        break;
      case "remove":
        metric.remove(labels);
        break;
      case "come and go":
        // So many that the rows of those that are left are moved.
        for (let n = 0; isLabelled && n < 40; n++) {
          const passing = { x: `passing ${n}`, y: "b" } as never;
          for (let turn = 0; turn < 2; turn++) {
            if (metric instanceof client.Histogram) metric.observe(passing, 1);
            else metric.inc(passing);
          }
          metric.remove(passing);
        }
        break;
      case "zero":
        if (metric instanceof client.Histogram) metric.zero(labels);
        break;
      case "reset":
        metric.reset();
        break;
      case "unregister":
        this.registry.removeSingleMetric(
          (metric as unknown as { name: string }).name,
        );
        break;
      case "register":
        this.registry.registerMetric(metric);
        break;
    }
  }
}

function isStorage(name: string): boolean {
  return name === "hashMap" || name === "store";
}

/** The storage of a metric of either client. */
function inside(storage: object): unknown {
  return "values" in storage && typeof storage.values === "function"
    ? [Object.keys(storage), ...storage.values()]
    : [Object.getPrototypeOf(storage) === Object.prototype, storage];
}
