/**
 * The label values that a metric is called with.
 *
 * @module
 */

import { describe } from "../describe.ts";
import { isPlainObject, refusePromise } from "./options.ts";

/**
 * The names of a metric's labels, as far as its type tells them: the clients'
 * metrics do, their children and other objects take any.
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
