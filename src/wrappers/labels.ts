/**
 * The label values that a metric is called with, and those of an exemplar.
 *
 * @module
 */

import { describe } from "../describe.ts";
import { isPlainObject, refusePromise } from "./options.ts";

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

/**
 * Makes a function that yields the label values for a call.
 *
 * @throws {TypeError} If `labels` is neither an object nor a function; what is
 * made throws it if a function makes anything but an object.
 */
export function labelsMaker<Info>(
  wrapper: string,
  labels: Labels<Info>,
): (info: Info) => LabelValues {
  if (typeof labels !== "function") {
    requireLabels(`use ${wrapper}()`, labels, "be an object or a function");
    const copy = { ...labels };
    return () => copy;
  }
  return (info) => {
    const made: unknown = labels(info);
    refusePromise(wrapper, "labels", made);
    requireLabels(`measure with ${wrapper}()`, made, "return an object");
    return made;
  };
}

function requireLabels(
  action: string,
  labels: unknown,
  what: string,
): asserts labels is LabelValues {
  if (isPlainObject(labels)) return;
  throw new TypeError(
    `Cannot ${action}: labels must ${what}, received ${describe(labels)}`,
  );
}

/**
 * How many characters the names and values of an exemplar's labels may have
 * together (OpenMetrics 1.0, "Exemplars"). The specification counts code points,
 * the clients UTF-16 units, which are as many or more: their count decides.
 */
const MAX_LENGTH = 128;

/** A label's name (OpenMetrics 1.0, "ABNF"); the clients write out any. */
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/**
 * Checks what was made for an exemplar's labels. The clients check later: what
 * they refuse stays behind half made, and spoils every scrape that follows.
 *
 * @returns A copy of the labels, since the clients keep what they are given, or
 * `undefined` for no exemplar.
 * @throws {TypeError} If they are no object of strings and numbers, or one has
 * no valid name.
 * @throws {RangeError} If they are too long.
 */
export function exemplarLabels(
  wrapper: string,
  made: unknown,
): LabelValues | undefined {
  if (made === undefined || made === null) return undefined;
  refusePromise(wrapper, "exemplar", made);
  const action = `Cannot attach an exemplar with ${wrapper}()`;
  if (!isPlainObject(made)) {
    throw new TypeError(
      `${action}: an object of labels is required, received ${describe(made)}`,
    );
  }
  const labels: Record<string, string | number> = {};
  let length = 0;
  for (const [name, value] of Object.entries(made)) {
    if (!LABEL_NAME.test(name)) {
      throw new TypeError(
        `${action}: a label's name must match ${LABEL_NAME}, ` +
          `received ${describe(name)}`,
      );
    }
    if (typeof value !== "string" && typeof value !== "number") {
      throw new TypeError(
        `${action}: label "${name}" must be a string or a number, ` +
          `received ${describe(value)}`,
      );
    }
    length += name.length + String(value).length;
    labels[name] = value;
  }
  if (length > MAX_LENGTH) {
    throw new RangeError(
      `${action}: its labels must have at most ${MAX_LENGTH} characters, ` +
        `received ${length}`,
    );
  }
  return labels;
}
