import type { IncDecrementer } from "../types.ts";
import type { LabelNames, LabelValues } from "./labels.ts";
import { labelsMaker, type Report, watch } from "./measurement.ts";
import type { WrapperOptions } from "./options.ts";
import type { Arguments, Probe } from "./probe.ts";
import { type Wrapper, type WrapperDescription, wrapWith } from "./wrapper.ts";

/**
 * What is known of a call when it begins.
 *
 * @example A label from the first argument
 * ```ts
 * import { type CallEntry, trackInprogress } from "@prometheus-async/prometheus-async";
 * import { Gauge } from "prom-client";
 *
 * const inprogress = new Gauge({
 *   name: "imports_inprogress",
 *   help: "Imports in progress",
 *   labelNames: ["kind"],
 * });
 * const labels = ({ args: [kind] }: CallEntry) => ({ kind });
 * const run = trackInprogress(inprogress, { labels })((kind: string) => kind);
 * run("users");
 * const { values } = await inprogress.get();
 * if (values[0].labels.kind !== "users") throw new Error("not labelled");
 * ```
 */
export interface CallEntry {
  /** The arguments of the call; none where a promise is tracked. */
  // deno-lint-ignore no-explicit-any
  readonly args: readonly any[];
}

/**
 * Options for {@linkcode trackInprogress}.
 *
 * @example Labels that are the same for every call
 * ```ts
 * import { trackInprogress, type TrackInprogressOptions } from "@prometheus-async/prometheus-async";
 * import { Gauge } from "prom-client";
 *
 * const inprogress = new Gauge({
 *   name: "jobs_inprogress",
 *   help: "Jobs in progress",
 *   labelNames: ["queue"],
 * });
 * const options: TrackInprogressOptions = { labels: { queue: "mail" } };
 * const { promise, resolve } = Promise.withResolvers<void>();
 * const done = trackInprogress(inprogress, promise, options);
 * if ((await inprogress.get()).values[0].value !== 1) throw new Error("not up");
 * resolve();
 * await done;
 * if ((await inprogress.get()).values[0].value !== 0) throw new Error("not down");
 * ```
 *
 * @typeParam Name The names of the metric's labels.
 */
export interface TrackInprogressOptions<Name extends string = string>
  extends WrapperOptions {
  /**
   * The label values, or a function that makes them of the call's arguments, on
   * entry; then pass the metric itself, not a child of it. A function that
   * throws, or returns something else, costs the measurement, and `onError`
   * learns why.
   *
   * @default {undefined} The metric is used as it is, which is right for one
   * without labels and for a child.
   */
  labels?: LabelValues<Name> | ((entry: CallEntry) => LabelValues<Name>);
}

/**
 * Tracks how many calls of a function are in progress: up on entry, down when
 * its promise settles, or, for a function that returns a plain value, on return
 * or throw.
 *
 * A generator is in progress from its first `next()` until it ends; one that is
 * never finished stays in progress. The name keeps the one word `inprogress` of
 * Prometheus' own guides.
 *
 * @example Tracking calls in progress
 * ```ts
 * import { trackInprogress } from "@prometheus-async/prometheus-async";
 * import { Gauge } from "prom-client";
 *
 * const inprogress = new Gauge({
 *   name: "jobs_inprogress",
 *   help: "Jobs being worked on",
 * });
 *
 * const work = trackInprogress(inprogress)(async () => {
 *   const [{ value }] = (await inprogress.get()).values;
 *   return value;
 * });
 *
 * if (await work() !== 1) throw new Error("not tracked");
 * ```
 *
 * @typeParam M The metric's type, which may tell its labels' names.
 * @param metric What goes up and down by one.
 * @param options Labels, and where errors go; leave it out rather than pass
 * `undefined`, which is taken for a promise that is missing.
 * @returns What wraps functions, and decorates methods.
 * @throws {TypeError} If `metric` lacks `inc()` or `dec()`, or an option is not
 * what it must be.
 */
export function trackInprogress<M extends IncDecrementer>(
  metric: M,
  options?: TrackInprogressOptions<LabelNames<M>>,
): Wrapper;
/**
 * Tracks a promise as in progress, from this call until it settles.
 *
 * The promise returned takes the place of the one given: a rejection is to be
 * handled there.
 *
 * @example Tracking a promise
 * ```ts
 * import { trackInprogress } from "@prometheus-async/prometheus-async";
 *
 * const seen: string[] = [];
 * const metric = { inc: () => seen.push("up"), dec: () => seen.push("down") };
 *
 * const tracked = trackInprogress(metric, Promise.resolve(42));
 * seen.push("pending");
 * await tracked;
 * if (seen.join() !== "up,pending,down") throw new Error(seen.join());
 * ```
 *
 * @typeParam M The metric's type, which may tell its labels' names.
 * @typeParam T What the promise yields.
 * @param metric What goes up and down by one.
 * @param promise A promise or another thenable; a lazy one is started.
 * @param options Labels, and where errors go.
 * @returns A promise that settles as `promise` does, with the same value or the
 * same rejection object.
 * @throws {TypeError} If `metric` lacks `inc()` or `dec()`, `promise` is
 * neither a promise nor another thenable, or an option is not what it must be.
 */
export function trackInprogress<M extends IncDecrementer, T>(
  metric: M,
  promise: PromiseLike<T>,
  options?: TrackInprogressOptions<LabelNames<M>>,
): Promise<T>;
export function trackInprogress(
  metric: IncDecrementer,
  ...rest: unknown[]
): unknown {
  return wrapWith(TRACK_INPROGRESS, metric, rest);
}

const TRACK_INPROGRESS: WrapperDescription<
  IncDecrementer,
  TrackInprogressOptions
> = {
  name: "trackInprogress",
  methods: ["inc", "dec"],
  functions: ["onError"],
  makeProbe(metric, { labels }, report) {
    if (labels === undefined) return new InprogressProbe(metric, report);
    const makeLabels = labelsMaker<CallEntry>(TRACK_INPROGRESS.name, labels);
    return new LabelledInprogressProbe(metric, makeLabels, report);
  },
};

/** Counts the calls that have begun and not ended. */
class InprogressProbe implements Probe {
  readonly #metric: IncDecrementer;
  readonly #report: Report;

  constructor(metric: IncDecrementer, report: Report) {
    this.#metric = metric;
    this.#report = report;
  }

  /** Yields whether it went up: only then it may go down. */
  start(): boolean {
    try {
      const returned: unknown = this.#metric.inc();
      if (returned !== undefined) watch(returned, this.#report);
      return true;
    } catch (error) {
      this.#report(error);
      return false;
    }
  }

  succeed(isUp: boolean): void {
    if (isUp) this.#leave();
  }

  fail(isUp: boolean): void {
    if (isUp) this.#leave();
  }

  #leave(): void {
    try {
      const returned: unknown = this.#metric.dec();
      if (returned !== undefined) watch(returned, this.#report);
    } catch (error) {
      this.#report(error);
    }
  }
}

/** A gauge as the clients have it. */
interface LabelledGauge {
  inc(labels: LabelValues): unknown;
  dec(labels: LabelValues): unknown;
}

/** Counts the calls that have begun and not ended, with labels. */
class LabelledInprogressProbe implements Probe {
  readonly #metric: LabelledGauge;
  readonly #makeLabels: (entry: CallEntry) => LabelValues;
  readonly #report: Report;

  constructor(
    metric: LabelledGauge,
    makeLabels: (entry: CallEntry) => LabelValues,
    report: Report,
  ) {
    this.#metric = metric;
    this.#makeLabels = makeLabels;
    this.#report = report;
  }

  /** Yields what to go down with, or `undefined` if it did not go up. */
  start(args: Arguments): LabelValues | undefined {
    try {
      // Copies: the function is called with the arguments as they are, and may
      // change what the labels were taken from before they are used again.
      const labels = { ...this.#makeLabels({ args: [...args] }) };
      watch(this.#metric.inc(labels), this.#report);
      return labels;
    } catch (error) {
      this.#report(error);
      return undefined;
    }
  }

  succeed(labels: LabelValues | undefined): void {
    this.#leave(labels);
  }

  fail(labels: LabelValues | undefined): void {
    this.#leave(labels);
  }

  #leave(labels: LabelValues | undefined): void {
    if (labels === undefined) return;
    try {
      watch(this.#metric.dec(labels), this.#report);
    } catch (error) {
      this.#report(error);
    }
  }
}
