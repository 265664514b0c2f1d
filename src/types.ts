/**
 * The shapes this package works with. Anything that has the methods fits:
 * metrics and registries of `prom-client`, of `@prometheus-io/client`, or
 * objects of one's own.
 *
 * @module
 */

/**
 * A metric that takes observations: a histogram, a summary, or a child of one.
 *
 * @example A metric of your own
 * ```ts
 * import { type Observer, time } from "@prometheus-async/prometheus-async";
 *
 * class Longest implements Observer {
 *   seconds = 0;
 *   observe(value: number) {
 *     this.seconds = Math.max(this.seconds, value);
 *   }
 * }
 * const longest = new Longest();
 * await time(longest, new Promise((resolve) => setTimeout(resolve, 20)));
 * if (longest.seconds < 0.01) throw new Error("not observed");
 * ```
 */
export interface Observer {
  /**
   * Takes one observation.
   *
   * @param value What was measured, in seconds where {@linkcode time} measures it.
   */
  observe(value: number): void;
}

/**
 * A metric that counts up: a counter, a gauge, or a child of one.
 *
 * @example A metric of your own
 * ```ts
 * import { countExceptions, type Incrementer } from "@prometheus-async/prometheus-async";
 *
 * let failures = 0;
 * const metric: Incrementer = { inc: () => void failures++ };
 * await countExceptions(metric, Promise.reject(new Error("no"))).catch(() => {});
 * if (failures !== 1) throw new Error("not counted");
 * ```
 */
export interface Incrementer {
  /** Adds one. */
  inc(): void;
}

/**
 * A metric that goes up and down: a gauge or a child of one.
 *
 * @example A metric of your own
 * ```ts
 * import { type IncDecrementer, trackInprogress } from "@prometheus-async/prometheus-async";
 *
 * const seen: number[] = [];
 * let inprogress = 0;
 * const metric: IncDecrementer = {
 *   inc: () => void seen.push(++inprogress),
 *   dec: () => void seen.push(--inprogress),
 * };
 * await trackInprogress(metric, Promise.resolve());
 * if (seen.join() !== "1,0") throw new Error(`was ${seen}`);
 * ```
 */
export interface IncDecrementer extends Incrementer {
  /** Subtracts one. */
  dec(): void;
}

/** What a metric family may be. */
export type MetricType =
  | "counter"
  | "gauge"
  | "histogram"
  | "summary"
  | "unknown";

/** One label set of a metric family. */
export interface Series {
  /**
   * The label names and values, in the order in which they are written; without
   * the `le` of a histogram and the `quantile` of a summary.
   */
  readonly labels: Readonly<Record<string, string>>;
  /**
   * Of a histogram the upper bounds of its buckets, ascending and without
   * `+Inf`; of a summary its quantiles. Absent from all others.
   */
  readonly bounds?: readonly number[];
  /**
   * The labels as the formats write them, escaped and without braces:
   * `a="1",b="2"`. Only where all names consist of letters, digits and
   * underscores, since formats differ about others; encoders are faster then.
   */
  readonly text?: string;
}

/** An example of what a value was made from, such as the id of a trace. */
export interface Exemplar {
  /** The labels of the exemplar. */
  readonly labels: Readonly<Record<string, string>>;
  /** What was observed, or added. */
  readonly value: number;
  /** When, in seconds since the Unix epoch. */
  readonly timestamp?: number;
}

/**
 * A metric with all its series: what gathering yields and what the exposition
 * formats are written from. It is plain data, whoever makes it.
 */
export interface MetricFamily {
  /** The name of the metric, as it was registered. */
  readonly name: string;
  /** The help text. */
  readonly help: string;
  /** The type, which decides what the values mean. */
  readonly type: MetricType;
  /**
   * The label sets, no two of them alike. Encoders know a series, and all of
   * them, by the object: one that is passed again must not have changed.
   */
  readonly series: readonly Series[];
  /**
   * The values of all series, one series after the other. A histogram's has the
   * count of observations up to each bound, then that of all, then their sum; a
   * summary's the value at each quantile, then the count, then the sum. All
   * others have one value. Those of one series are of one moment.
   */
  readonly values: ArrayLike<number>;
  /**
   * Exemplars of values, by their index in `values`: of counters, and of a
   * histogram's buckets, where the count of all stands for the last one.
   */
  readonly exemplars?: ReadonlyMap<number, Exemplar>;
  /**
   * What the families of one metric have in common from scrape to scrape: by it
   * encoders remember what they have written. Without it they start anew.
   */
  readonly origin?: object;
}

/**
 * One value that a metric answers with.
 *
 * @example A value with labels
 * ```ts
 * import { type CollectedValue, metricsHandler } from "@prometheus-async/prometheus-async";
 *
 * const values: CollectedValue[] = [{ value: 21.5, labels: { room: "attic" } }];
 * const metric = {
 *   name: "celsius",
 *   get: () => ({ name: "celsius", help: "How warm", type: "gauge", values }),
 * };
 * const registry = { getMetricsAsArray: () => [metric] };
 * const response = await metricsHandler({ registry })(
 *   new Request("http://localhost/metrics"),
 * );
 * const text = await response.text();
 * if (!text.includes('celsius{room="attic"} 21.5')) throw new Error(text);
 * ```
 */
export interface CollectedValue {
  /** The value; `NaN` and the infinities are allowed. */
  readonly value: number;
  /** The label set. A value that is not a string is turned into one. */
  readonly labels?: Readonly<Record<string, unknown>>;
  /**
   * The name of the sample where it is not that of the metric: of a histogram
   * `name_bucket`, `name_sum`, `name_count`.
   */
  readonly metricName?: string;
  /** What the value was made from. */
  readonly exemplar?: CollectedExemplar | null;
}

/**
 * An exemplar as both clients keep it; one that they refused has no value.
 *
 * @example An exemplar in OpenMetrics
 * ```ts
 * import { type CollectedExemplar, metricsHandler } from "@prometheus-async/prometheus-async";
 *
 * const exemplar: CollectedExemplar = { labelSet: { trace_id: "4bf9" }, value: 1 };
 * const name = "jobs_total";
 * const values = [{ value: 7, exemplar }];
 * const metric = { name, get: () => ({ name, help: "", type: "counter", values }) };
 * const registry = { getMetricsAsArray: () => [metric] };
 * const headers = { accept: "application/openmetrics-text" };
 * const response = await metricsHandler({ registry })(
 *   new Request("http://localhost/metrics", { headers }),
 * );
 * const text = await response.text();
 * if (!text.includes('# {trace_id="4bf9"}')) throw new Error(text);
 * ```
 */
export interface CollectedExemplar {
  /** The labels of the exemplar. */
  readonly labelSet: Readonly<Record<string, unknown>>;
  /** What was observed, or added. */
  readonly value: number | null;
  /** When, in seconds since the Unix epoch. */
  readonly timestamp?: number;
}

/**
 * What a registered metric answers when it is asked for its values.
 *
 * @example What a metric of your own answers
 * ```ts
 * import { type CollectedMetric, metricsHandler } from "@prometheus-async/prometheus-async";
 *
 * const get = (): CollectedMetric => ({
 *   name: "open_files",
 *   help: "Files that are open",
 *   type: "gauge",
 *   values: [{ value: 3 }],
 * });
 * const registry = { getMetricsAsArray: () => [{ name: "open_files", get }] };
 * const response = await metricsHandler({ registry })(
 *   new Request("http://localhost/metrics"),
 * );
 * const text = await response.text();
 * if (!text.includes("\nopen_files 3\n")) throw new Error(text);
 * ```
 */
export interface CollectedMetric {
  /** The name of the metric. */
  readonly name: string;
  /** The help text. */
  readonly help: string;
  /** A {@linkcode MetricType}. */
  readonly type: unknown;
  /** The values, one a sample. */
  readonly values: readonly CollectedValue[];
}

/**
 * A metric in a {@linkcode Registry}.
 *
 * @example A metric that is asked elsewhere
 * ```ts
 * import { metricsHandler, type RegisteredMetric } from "@prometheus-async/prometheus-async";
 *
 * const name = "queue_length";
 * const metric: RegisteredMetric = {
 *   name,
 *   async get() {
 *     const value = await Promise.resolve(12);
 *     return { name, help: "Jobs that wait", type: "gauge", values: [{ value }] };
 *   },
 * };
 * const registry = { getMetricsAsArray: () => [metric] };
 * const response = await metricsHandler({ registry })(
 *   new Request("http://localhost/metrics"),
 * );
 * const text = await response.text();
 * if (!text.includes("\nqueue_length 12\n")) throw new Error(text);
 * ```
 */
export interface RegisteredMetric {
  /** The name of the metric. */
  readonly name: string;
  /**
   * Runs the metric's `collect`, if it has one, and yields its values. Both
   * clients have it on every metric, but leave it out of the type of what a
   * registry lists.
   */
  get?(): CollectedMetric | Promise<CollectedMetric>;
}

/**
 * A registry of metrics, as far as this package needs one: a `Registry` of
 * either client fits.
 *
 * @example A registry of your own
 * ```ts
 * import { metricsHandler, type Registry } from "@prometheus-async/prometheus-async";
 * import { register } from "prom-client";
 *
 * // Only what begins with "shop_" of the global registry.
 * const registry: Registry = {
 *   getMetricsAsArray: () =>
 *     register.getMetricsAsArray().filter(({ name }) => name.startsWith("shop_")),
 * };
 * const response = await metricsHandler({ registry })(
 *   new Request("http://localhost/metrics"),
 * );
 * if (response.status !== 200) throw new Error(await response.text());
 * ```
 */
export interface Registry {
  /** The metrics that are registered now. */
  getMetricsAsArray(): readonly RegisteredMetric[];
}

/**
 * Where a server listens, as the system bound it.
 *
 * @example Saying where a server listens
 * ```ts
 * import { type ServerSocket, startHttpServer } from "@prometheus-async/prometheus-async";
 *
 * const spell = (socket: ServerSocket) =>
 *   "path" in socket ? socket.path : `${socket.addr}, port ${socket.port}`;
 * const server = await startHttpServer({ addr: "127.0.0.1" });
 * const place = spell(server.socket);
 * await server.close();
 * if (!place.startsWith("127.0.0.1, port ")) throw new Error(place);
 * ```
 */
export type ServerSocket =
  | {
    /** The address. */
    readonly addr: string;
    /** The port. */
    readonly port: number;
  }
  | {
    /** The file of a unix socket. */
    readonly path: string;
  };

/**
 * What there is to know of a metrics server, and to tell others.
 *
 * @example What service discovery is told
 * ```ts
 * import { type MetricsServerInfo, startHttpServer } from "@prometheus-async/prometheus-async";
 *
 * const told: MetricsServerInfo[] = [];
 * const server = await startHttpServer({
 *   addr: "127.0.0.1",
 *   serviceDiscovery: {
 *     register(info) {
 *       told.push(info);
 *       return Promise.resolve(null);
 *     },
 *   },
 * });
 * await server.close();
 * if (told[0].metricsUrl !== server.metricsUrl) throw new Error("elsewhere");
 * ```
 */
export interface MetricsServerInfo {
  /** Where it listens: an address and a port, or the file of a unix socket. */
  readonly socket: ServerSocket;
  /** Whether it speaks TLS. */
  readonly https: boolean;
  /** Whether it asks clients for a certificate (mutual TLS), health checks too. */
  readonly mutualTls: boolean;
  /** The root, with its slash; `null` on a unix socket. */
  readonly url: string | null;
  /** Where Prometheus scrapes; `null` on a unix socket. */
  readonly metricsUrl: string | null;
  /**
   * Where health checks ask, without authentication; `null` on a unix socket.
   */
  readonly healthUrl: string | null;
}

/**
 * What a metrics server is told by those who register it.
 *
 * @example Telling that a registration was lost
 * ```ts
 * import { type DiscoveryContext, startHttpServer } from "@prometheus-async/prometheus-async";
 *
 * let context: DiscoveryContext | undefined;
 * const server = await startHttpServer({
 *   addr: "127.0.0.1",
 *   serviceDiscovery: {
 *     register(_server, given) {
 *       context = given;
 *       return Promise.resolve(() => Promise.resolve());
 *     },
 *   },
 * });
 * const before = server.isRegistered;
 * context?.onChange(false);
 * const after = server.isRegistered;
 * await server.close();
 * if (!before || after) throw new Error("not told");
 * ```
 */
export interface DiscoveryContext {
  /**
   * Takes what goes wrong while nobody waits for it, such as a heartbeat that
   * fails: it goes to the server's `onError`, and is counted in
   * `prometheus_async_discovery_failures_total`.
   *
   * @param error What went wrong.
   */
  onError(error: unknown): void;
  /**
   * Takes whether the server is registered, as often as it is said: `isRegistered`
   * and `prometheus_async_discovery_registered` show it. Without a call they show
   * that it is, from when `register()` yields a function until that has settled
   * well.
   *
   * @param isRegistered Whether it is registered now.
   */
  onChange(isRegistered: boolean): void;
}

/**
 * Tells others, such as Prometheus, where a metrics server is.
 *
 * @example Registering by a function of your own
 * ```ts
 * import { type ServiceDiscovery, startHttpServer } from "@prometheus-async/prometheus-async";
 *
 * const targets = new Set<string | null>();
 * const serviceDiscovery: ServiceDiscovery = {
 *   register({ metricsUrl }) {
 *     targets.add(metricsUrl);
 *     return Promise.resolve(() => {
 *       targets.delete(metricsUrl);
 *       return Promise.resolve();
 *     });
 *   },
 * };
 * const server = await startHttpServer({ addr: "127.0.0.1", serviceDiscovery });
 * if (!targets.has(server.metricsUrl)) throw new Error("not registered");
 * await server.close();
 * if (targets.size > 0) throw new Error("not deregistered");
 * ```
 */
export interface ServiceDiscovery {
  /**
   * Registers a server that listens.
   *
   * @param server What there is to know of it.
   * @param context Takes what happens after that.
   * @returns What deregisters it when the server closes; `null` if there is
   * nothing to deregister, since nothing was registered. It rejects if the
   * server cannot be registered: then it does not start.
   */
  register(
    server: MetricsServerInfo,
    context: DiscoveryContext,
  ): Promise<(() => Promise<void>) | null>;
}
