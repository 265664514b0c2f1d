/**
 * The label values that a metric is called with, and those of an exemplar.
 *
 * @module
 */

/**
 * The names of a metric's labels, as far as its type tells them: the clients'
 * metrics do, their children and other objects take any.
 *
 * @example The labels of a metric
 * ```ts
 * import type { LabelNames } from "@prometheus-async/prometheus-async";
 * import { Counter } from "prom-client";
 *
 * const jobs = new Counter({
 *   name: "jobs_total",
 *   help: "Jobs",
 *   labelNames: ["kind", "status"],
 * });
 * const names: LabelNames<typeof jobs>[] = ["kind", "status"];
 * if (names.length !== 2) throw new Error("never");
 * ```
 *
 * @typeParam M The metric's type.
 */
export type LabelNames<M> = M extends {
  get(): PromiseLike<{ readonly values: ReadonlyArray<{ labels: infer L }> }>;
}
  // Label names that are known may come as a union of one-key objects.
  ? [L] extends [never] ? string : L extends unknown ? keyof L & string : never
  : string;

/**
 * A value for each label that is set.
 *
 * @example Values that are made in one place
 * ```ts
 * import { countExceptions, type LabelValues } from "@prometheus-async/prometheus-async";
 * import { Counter } from "prom-client";
 *
 * const errors = new Counter({
 *   name: "errors_total",
 *   help: "Errors",
 *   labelNames: ["kind"],
 * });
 * const labels = (reason: unknown): LabelValues<"kind"> => ({
 *   kind: reason instanceof Error ? reason.name : "other",
 * });
 * const failing = countExceptions(errors, {
 *   labels: ({ reason }) => labels(reason),
 * })(() => Promise.reject(new RangeError("no")));
 * await failing().catch(() => {});
 * const { values } = await errors.get();
 * if (values[0].labels.kind !== "RangeError") throw new Error("not labelled");
 * ```
 *
 * @typeParam Name The names of the labels.
 */
export type LabelValues<Name extends string = string> = Readonly<
  Partial<Record<Name, string | number>>
>;

/** Label values, or how to make them of what is known of a call. */
export type Labels<Info> = LabelValues | ((info: Info) => LabelValues);
