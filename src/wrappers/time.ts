import type { Observer } from "../types.ts";
import { metricCall } from "./measurement.ts";
import { TimeProbe } from "./plain_probes.ts";
import type { Arguments } from "./probe.ts";
import { type Wrapper, type WrapperDescription, wrapWith } from "./wrapper.ts";
import type { LabelNames, WrapperOptions } from "./wrapper_options.ts";

/**
 * Options for {@linkcode time}.
 *
 * @typeParam Name The names of the metric's labels.
 */
export type TimeOptions<Name extends string = string> = WrapperOptions<Name>;

/**
 * Measures how long a function takes, to the end of the promise it returns.
 *
 * Each call makes one observation in seconds: when the promise settles, or, for
 * a function that returns a plain value, on return; also when the call fails. A
 * generator is observed when it ends, from its first `next()` on, its consumer's
 * pauses included; one that is never finished is not. The outcome is passed
 * through untouched; an error that the metric throws never reaches the caller.
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
 * @param metric Takes the observations, in seconds.
 * @param options Labels, exemplars, and where errors go. Leave it out rather than
 * pass `undefined`, which is taken for a missing promise.
 * @returns A wrapper of functions, which is a decorator as well.
 * @throws {TypeError} If `metric` has no `observe()` or an option is invalid.
 */
export function time<M extends Observer>(
  metric: M,
  options?: TimeOptions<LabelNames<M>>,
): Wrapper;
/**
 * Measures how long a promise takes to settle, from this call on.
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
 * @param metric Takes the observation, in seconds.
 * @param promise A promise or another thenable; a lazy one is started.
 * @param options Labels, exemplars, and where errors go.
 * @returns A promise that settles as `promise` does, with the same value or
 * rejection object; handle rejections there.
 * @throws {TypeError} If `metric` has no `observe()`, `promise` is no thenable, or
 * an option is invalid.
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
  options: ["labels", "exemplar", "onError"],
  makeProbe(metric, options, report) {
    const observe = metricCall(TIME.name, metric, "observe", options, report);
    if (observe === undefined) return new TimeProbe(metric, report);
    return {
      start: (args) => ({ at: performance.now(), args }),
      end({ at, args }: { at: number; args: Arguments }, isFulfilled, result) {
        observe(isFulfilled, result, args, (performance.now() - at) / 1000);
      },
    };
  },
};
