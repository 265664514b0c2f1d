import { watch } from "../base/report.ts";
import type { IncDecrementer } from "../types.ts";
import { labelsMaker } from "./measurement.ts";
import { CallsInProgress, InprogressProbe } from "./plain_probes.ts";
import { type Wrapper, type WrapperDescription, wrapWith } from "./wrapper.ts";
import type {
  LabelNames,
  LabelValues,
  Outcome,
  WrapperOptions,
} from "./wrapper_options.ts";

/**
 * Options for {@linkcode trackInprogress}; labels are made on entry, of the
 * call's arguments.
 *
 * @typeParam Name The names of the metric's labels.
 */
export type TrackInprogressOptions<Name extends string = string> = Omit<
  WrapperOptions<Name, Pick<Outcome, "args">>,
  "exemplar"
>;

/**
 * Tracks how many calls of a function are in progress: up on entry, down when
 * its promise settles, or, for a function that returns a plain value, on return
 * or throw.
 *
 * A generator is in progress from its first `next()` until it ends; one that is
 * never finished stays in progress. What is in progress stays counted when a gauge
 * of a client is reset, or its label set removed; not when a child of it was
 * passed, which tells nothing of either. The name keeps the one word `inprogress`
 * of Prometheus' own guides.
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
 * @param metric Goes up and down by one.
 * @param options Labels, and where errors go. Leave it out rather than pass
 * `undefined`, which is taken for a missing promise.
 * @returns A wrapper of functions, which is a decorator as well.
 * @throws {TypeError} If `metric` lacks `inc()` or `dec()`, or an option is
 * invalid.
 */
export function trackInprogress<M extends IncDecrementer>(
  metric: M,
  options?: TrackInprogressOptions<LabelNames<M>>,
): Wrapper;
/**
 * Tracks a promise as in progress, from this call until it settles.
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
 * @param metric Goes up and down by one.
 * @param promise A promise or another thenable; a lazy one is started.
 * @param options Labels, and where errors go.
 * @returns A promise that settles as `promise` does, with the same value or
 * rejection object; handle rejections there.
 * @throws {TypeError} If `metric` lacks `inc()` or `dec()`, `promise` is no
 * thenable, or an option is invalid.
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
  options: ["labels", "onError"],
  makeProbe(metric, { labels: given }, report) {
    if (given === undefined) return new InprogressProbe(metric, report);
    const makeLabels = labelsMaker(TRACK_INPROGRESS.name, given);
    const gauge: Record<"inc" | "dec", (labels: LabelValues) => unknown> =
      metric;
    const calls = CallsInProgress.of(metric);
    return {
      // Returns the call to go down with, or `undefined` if it did not go up.
      start(args): { readonly labels: LabelValues } | undefined {
        try {
          // Copies, since the function may change the arguments, and the labels
          // are used again at its end.
          const labels = { ...makeLabels({ args: [...args] }) };
          watch(gauge.inc(labels), report);
          return calls === undefined ? { labels } : calls.begin(labels);
        } catch (error) {
          report(error);
        }
      },
      end(call: { readonly labels: LabelValues } | undefined) {
        if (call === undefined) return;
        calls?.end(call);
        try {
          watch(gauge.dec(call.labels), report);
        } catch (error) {
          report(error);
        }
      },
    };
  },
};
