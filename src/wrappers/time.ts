import type { Observer } from "../types.ts";
import type { LabelNames } from "./labels.ts";
import {
  type MetricCall,
  metricCall,
  type Report,
  watch,
} from "./measurement.ts";
import type { OutcomeOptions } from "./options.ts";
import type { Arguments, Probe } from "./probe.ts";
import { type Wrapper, type WrapperDescription, wrapWith } from "./wrapper.ts";

/**
 * Options for {@linkcode time}.
 *
 * @example Options that several wrappers share
 * ```ts
 * import { time, type TimeOptions } from "@prometheus-async/prometheus-async";
 *
 * const seen: number[] = [];
 * const options: TimeOptions = { onError: (error) => console.warn(error) };
 * const double = time({ observe: (s) => seen.push(s) }, options)(
 *   (n: number) => n * 2,
 * );
 * if (double(2) !== 4 || seen.length !== 1) throw new Error("not measured");
 * ```
 *
 * @typeParam Name The names of the metric's labels.
 */
export type TimeOptions<Name extends string = string> = OutcomeOptions<Name>;

/**
 * Measures how long a function takes, to the end of the promise it returns.
 *
 * Each call makes one observation in seconds: when the promise settles, or, for
 * a function that returns a plain value, on return. A call that fails, by a
 * rejection or by a throw, is observed too. A generator is observed when it
 * ends, from its first `next()` on, its consumer's pauses included; one that is
 * never finished is not. The
 * outcome is passed through untouched; an error that the metric throws never
 * reaches the caller.
 *
 * @example Timing an async function
 * ```ts
 * import { time } from "@prometheus-async/prometheus-async";
 * import { Histogram } from "prom-client";
 *
 * const requestTime = new Histogram({
 *   name: "request_duration_seconds",
 *   help: "Time spent in requests",
 * });
 *
 * const answer = time(requestTime)(async (name: string) => {
 *   await new Promise((resolve) => setTimeout(resolve, 10));
 *   return `Hello ${name}`;
 * });
 *
 * if (await answer("Ada") !== "Hello Ada") throw new Error("changed");
 * ```
 *
 * @example Labels from the arguments and from the outcome
 * ```ts
 * import { time } from "@prometheus-async/prometheus-async";
 * import { Histogram } from "prom-client";
 *
 * const requestTime = new Histogram({
 *   name: "upstream_duration_seconds",
 *   help: "Time spent in requests to others",
 *   labelNames: ["method", "status"],
 * });
 *
 * const ask = time(requestTime, {
 *   labels: ({ status, args: [request] }) => ({
 *     method: request.method,
 *     status,
 *   }),
 * })(async (request: Request) => await Promise.resolve(request.url));
 *
 * await ask(new Request("http://localhost/"));
 * const { values } = await requestTime.get();
 * const { labels } = values[0];
 * if (labels.method !== "GET" || labels.status !== "fulfilled") {
 *   throw new Error("not labelled");
 * }
 * ```
 *
 * @typeParam M The metric's type, which may tell its labels' names.
 * @param metric What takes the observations, in seconds.
 * @param options Labels, exemplars, and where errors go; leave it out rather
 * than pass `undefined`, which is taken for a promise that is missing.
 * @returns What wraps functions, and decorates methods.
 * @throws {TypeError} If `metric` has no `observe()` or an option is not what it
 * must be.
 */
export function time<M extends Observer>(
  metric: M,
  options?: TimeOptions<LabelNames<M>>,
): Wrapper;
/**
 * Measures how long a promise takes to settle, from this call on.
 *
 * The promise returned takes the place of the one given: a rejection is to be
 * handled there.
 *
 * @example Timing a promise that already exists
 * ```ts
 * import { time } from "@prometheus-async/prometheus-async";
 *
 * const seen: number[] = [];
 * const metric = { observe: (seconds: number) => seen.push(seconds) };
 *
 * const value = await time(metric, Promise.resolve(42));
 * if (value !== 42 || seen.length !== 1) throw new Error("not measured");
 * ```
 *
 * @typeParam M The metric's type, which may tell its labels' names.
 * @typeParam T What the promise yields.
 * @param metric What takes the observation, in seconds.
 * @param promise A promise or another thenable; a lazy one is started.
 * @param options Labels, exemplars, and where errors go.
 * @returns A promise that settles as `promise` does, with the same value or the
 * same rejection object.
 * @throws {TypeError} If `metric` has no `observe()`, `promise` is neither a promise nor
 * another thenable, or an option is not what it must be.
 */
export function time<M extends Observer, T>(
  metric: M,
  promise: PromiseLike<T>,
  options?: TimeOptions<LabelNames<M>>,
): Promise<T>;
export function time(metric: Observer, ...rest: unknown[]): unknown {
  return wrapWith(TIME, metric, rest);
}

const TIME: WrapperDescription<Observer, TimeOptions> = {
  name: "time",
  methods: ["observe"],
  functions: ["exemplar", "onError"],
  makeProbe(metric, options, report) {
    const call = metricCall(TIME.name, metric, "observe", options, report);
    return call === undefined
      ? new TimeProbe(metric, report)
      : new LabelledTimeProbe(call, report);
  },
};

/** Observes how long calls took. */
class TimeProbe implements Probe {
  readonly #metric: Observer;
  readonly #report: Report;

  constructor(metric: Observer, report: Report) {
    this.#metric = metric;
    this.#report = report;
  }

  start(): number {
    return performance.now();
  }

  succeed(started: number): void {
    this.#observe(started);
  }

  fail(started: number): void {
    this.#observe(started);
  }

  #observe(started: number): void {
    try {
      const returned: unknown = this.#metric.observe(
        (performance.now() - started) / 1000,
      );
      if (returned !== undefined) watch(returned, this.#report);
    } catch (error) {
      this.#report(error);
    }
  }
}

interface Started {
  readonly at: number;
  readonly args: Arguments;
}

/** Observes how long calls took, with labels or exemplars. */
class LabelledTimeProbe implements Probe {
  readonly #call: MetricCall;
  readonly #report: Report;

  constructor(call: MetricCall, report: Report) {
    this.#call = call;
    this.#report = report;
  }

  start(args: Arguments): Started {
    return { at: performance.now(), args };
  }

  succeed(started: Started, value: unknown): void {
    this.#observe(started, true, value);
  }

  fail(started: Started, reason: unknown): void {
    this.#observe(started, false, reason);
  }

  #observe({ at, args }: Started, isFulfilled: boolean, result: unknown): void {
    const seconds = (performance.now() - at) / 1000;
    try {
      watch(this.#call(isFulfilled, result, args, seconds), this.#report);
    } catch (error) {
      this.#report(error);
    }
  }
}
