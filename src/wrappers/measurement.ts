/**
 * Calls the methods of an application's metric, with the labels and exemplars that
 * the options make.
 *
 * One file, since each that `./wrappers` loads takes Node half a millisecond.
 *
 * @module
 */

import { refusal } from "../base/checks.ts";
import { describe, isObjectLiteral, thenOf } from "../base/describe.ts";
import { EXEMPLAR_CHARACTERS, LABEL_NAME } from "../base/label_limits.ts";
import { type Report, watch } from "../base/report.ts";
import type { Arguments } from "./probe.ts";
import type {
  LabelValues,
  Outcome,
  WrapperOptions,
} from "./wrapper_options.ts";

/** Calls `observe`, with a value, or `inc`, without; never throws. */
export type MetricCall = (
  isFulfilled: boolean,
  result: unknown,
  args: Arguments,
  value?: number,
) => void;

/**
 * Makes the call of a metric's method that the options ask for.
 *
 * @param wrapper The wrapper's name, for messages.
 * @returns `undefined` if the metric is called plainly: `observe(value)` or
 * `inc()`.
 * @throws {TypeError} If `labels` is neither an object nor a function.
 */
export function metricCall(
  wrapper: string,
  metric: object,
  method: "observe" | "inc",
  options: WrapperOptions<string, never>,
  report: Report,
): MetricCall | undefined {
  const { labels: given, exemplar } = options as WrapperOptions;
  const makeLabels = given === undefined
    ? undefined
    : labelsMaker(wrapper, given);
  const target = metric as Record<string, (...args: unknown[]) => unknown>;
  // Such a metric takes one object `{ labels, value, exemplarLabels }`. Gauges and
  // summaries may have the option without effect.
  const { type, enableExemplars } = metric as Record<string, unknown>;
  const hasExemplars = enableExemplars === true && type !== "gauge" &&
    type !== "summary";
  if (!hasExemplars && makeLabels === undefined) return undefined;

  function attach(outcome: Outcome): LabelValues | undefined {
    try {
      return exemplarLabels(wrapper, exemplar?.(outcome));
    } catch (error) {
      // An exemplar is an extra: the sample counts without it.
      report(error);
    }
  }

  function call(outcome: Outcome, value: number | undefined): unknown {
    const labels = makeLabels?.(outcome);
    if (hasExemplars) {
      return target[method]({ labels, value, exemplarLabels: attach(outcome) });
    }
    return value === undefined
      ? target[method](labels)
      : target[method](labels, value);
  }

  return (isFulfilled, result, args, value) => {
    try {
      watch(call(outcomeOf(isFulfilled, result, args), value), report);
    } catch (error) {
      report(error);
    }
  };
}

function outcomeOf(
  isFulfilled: boolean,
  result: unknown,
  args: Arguments,
): Outcome {
  return isFulfilled
    ? { status: "fulfilled", value: result, args }
    : { status: failureOf(result), reason: result, args };
}

function failureOf(reason: unknown): "aborted" | "timeout" | "rejected" {
  try {
    const name = (reason as { name?: unknown } | null | undefined)?.name;
    if (name === "AbortError") return "aborted";
    if (name === "TimeoutError") return "timeout";
  } catch {
    // The reason may have a `name` that throws.
  }
  return "rejected";
}

/**
 * Makes a function that returns the label values for a call, or throws if `labels`
 * returns anything but an object.
 *
 * @throws {TypeError} If `labels` is neither an object nor a function.
 */
export function labelsMaker<Call>(
  wrapper: string,
  labels: LabelValues | ((call: Call) => LabelValues),
): (call: Call) => LabelValues {
  if (typeof labels !== "function") {
    requireLabels(`use ${wrapper}()`, labels, "be an object or a function");
    const copy = { ...labels };
    return () => copy;
  }
  return (call) => {
    const made: unknown = labels(call);
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
  if (isObjectLiteral(labels)) return;
  const given = { action, name: "labels", value: labels };
  throw refusal(TypeError, given, `must ${what}`);
}

/**
 * Checks the labels of an exemplar. The clients check later: an exemplar that they
 * refuse stays behind half made, and spoils every scrape that follows.
 *
 * @returns A copy, since the clients keep what they are given, or `undefined` for
 * no exemplar.
 * @throws {TypeError} If `made` is no object of strings and numbers, or a name is
 * not valid.
 * @throws {RangeError} If the labels are too long.
 */
export function exemplarLabels(
  wrapper: string,
  made: unknown,
): LabelValues | undefined {
  if (made === undefined || made === null) return undefined;
  refusePromise(wrapper, "exemplar", made);
  const cannot = (what: string, received: unknown, Class = TypeError) =>
    new Class(
      `Cannot attach an exemplar with ${wrapper}(): ${what}, received ` +
        describe(received),
    );
  if (!isObjectLiteral(made)) {
    throw cannot("an object of labels is required", made);
  }
  const labels: Record<string, string | number> = {};
  let length = 0;
  for (const [name, value] of Object.entries(made)) {
    if (!LABEL_NAME.test(name)) {
      throw cannot(`a label's name must match ${LABEL_NAME}`, name);
    }
    if (typeof value !== "string" && typeof value !== "number") {
      throw cannot(`label "${name}" must be a string or a number`, value);
    }
    // OpenMetrics counts code points, the clients UTF-16 units: their count decides.
    length += name.length + String(value).length;
    labels[name] = value;
  }
  if (length > EXEMPLAR_CHARACTERS) {
    const most =
      `its labels must have at most ${EXEMPLAR_CHARACTERS} characters`;
    throw cannot(most, length, RangeError);
  }
  return labels;
}

/**
 * Refuses a promise from a function in the options, and ignores its rejection:
 * measuring does not wait.
 *
 * @throws {TypeError} If it is a promise.
 */
export function refusePromise(
  wrapper: string,
  name: string,
  returned: unknown,
): void {
  const then = thenOf(returned);
  if (then === undefined) return;
  Reflect.apply(then, returned, [() => {}, () => {}]);
  const given = { action: `measure with ${wrapper}()`, name, value: returned };
  throw refusal(TypeError, given, "must not be asynchronous", "a promise");
}
