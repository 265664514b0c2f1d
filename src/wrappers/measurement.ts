/**
 * What a measurement does with the application's metric and functions: how a
 * metric's methods are called (plainly, with labels, or in the form that metrics
 * with exemplars want), what labels and exemplars are made of, and where errors
 * go: to `onError`, or once to the console, as those of servers do.
 *
 * One file, since each that `./wrappers` loads takes Node half a millisecond.
 *
 * @module
 */

import { describe, isObjectLiteral, thenOf } from "../describe.ts";
import type { Labels, LabelValues } from "./labels.ts";
import type { OutcomeOptions } from "./options.ts";
import type { Outcome, RejectedOutcome } from "./outcome.ts";
import type { Arguments } from "./probe.ts";

/** One call of `observe`, with a value, or of `inc`, with none. */
export type MetricCall = (
  isFulfilled: boolean,
  result: unknown,
  args: Arguments,
  value?: number,
) => unknown;

/**
 * Makes the call of a metric's method that the options ask for.
 *
 * @param wrapper The wrapper's name, for messages.
 * @param options Whose functions the wrapper calls with the outcomes that they
 * are made for.
 * @param report Takes the error of an exemplar that could not be made.
 * @returns `undefined` if the metric is called plainly: `observe(value)` or
 * `inc()`.
 * @throws {TypeError} If `labels` is neither an object nor a function.
 */
export function metricCall(
  wrapper: string,
  metric: object,
  method: "observe" | "inc",
  options: OutcomeOptions<string, never>,
  report: Report,
): MetricCall | undefined {
  const makeLabels = options.labels === undefined
    ? undefined
    : labelsMaker(wrapper, options.labels as Labels<Outcome>);
  const makeExemplar = options.exemplar as OutcomeOptions["exemplar"];
  const target = metric as Record<string, (...args: unknown[]) => unknown>;
  if (takesExemplars(metric)) {
    return (isFulfilled, result, args, value) => {
      const outcome = outcomeOf(isFulfilled, result, args);
      const labels = makeLabels?.(outcome);
      let exemplar: LabelValues | undefined;
      try {
        exemplar = exemplarLabels(wrapper, makeExemplar?.(outcome));
      } catch (error) {
        // An exemplar is an extra: the sample counts without it.
        report(error);
      }
      return target[method]({ labels, value, exemplarLabels: exemplar });
    };
  }
  if (makeLabels === undefined) return undefined;
  return (isFulfilled, result, args, value) => {
    const labels = makeLabels(outcomeOf(isFulfilled, result, args));
    return value === undefined
      ? target[method](labels)
      : target[method](labels, value);
  };
}

/**
 * Whether a metric's methods take one object `{ labels, value, exemplarLabels }`:
 * metrics with `enableExemplars` do, except gauges and summaries, which may have
 * it without effect.
 */
function takesExemplars(metric: object): boolean {
  const { type, enableExemplars } = metric as Record<string, unknown>;
  return enableExemplars === true && type !== "gauge" && type !== "summary";
}

/** Describes how a call ended, from its value or the reason of its failure. */
function outcomeOf(
  isFulfilled: boolean,
  result: unknown,
  args: Arguments,
): Outcome {
  return isFulfilled
    ? { status: "fulfilled", value: result, args }
    : { status: statusOf(result), reason: result, args };
}

/** The names are those of the `DOMException`s that an `AbortSignal` makes. */
function statusOf(reason: unknown): RejectedOutcome["status"] {
  try {
    const name = (reason as { name?: unknown } | null | undefined)?.name;
    if (name === "AbortError") return "aborted";
    if (name === "TimeoutError") return "timeout";
  } catch {
    // Anything can be thrown, also what cannot be asked for its name.
  }
  return "rejected";
}

/**
 * Looks after what a metric's method has returned. That is nothing, unless the
 * method is asynchronous: then its rejection is reported as a throw would be.
 *
 * The probes without labels ask for `undefined` before they call this: it is
 * what most metrics return, and the call would show.
 */
export function watch(returned: unknown, report: Report): void {
  const then = thenOf(returned);
  if (then === undefined) return;
  try {
    Reflect.apply(then, returned, [undefined, report]);
  } catch (error) {
    report(error);
  }
}

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
  if (isObjectLiteral(labels)) return;
  throw new TypeError(
    `Cannot ${action}: labels must ${what}, received ${describe(labels)}`,
  );
}

/**
 * How many characters the names and values of an exemplar's labels may have
 * together (OpenMetrics 1.0, "Exemplars"). The specification counts code points,
 * the clients UTF-16 units, which are as many or more: their count decides.
 */
const MAX_EXEMPLAR_LENGTH = 128;

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
  if (!isObjectLiteral(made)) {
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
  if (length > MAX_EXEMPLAR_LENGTH) {
    throw new RangeError(
      `${action}: its labels must have at most ${MAX_EXEMPLAR_LENGTH} characters, ` +
        `received ${length}`,
    );
  }
  return labels;
}

/**
 * Checks that a function in the options has not returned a promise: measuring
 * does not wait.
 *
 * @throws {TypeError} If it has; its rejection is then nobody's concern.
 */
export function refusePromise(
  wrapper: string,
  name: string,
  returned: unknown,
): void {
  const then = thenOf(returned);
  if (then === undefined) return;
  Reflect.apply(then, returned, [() => {}, () => {}]);
  throw new TypeError(
    `Cannot measure with ${wrapper}(): ${name} must not be asynchronous, ` +
      `received a promise`,
  );
}

/** Takes an error that a metric, or a function in the options, has thrown. */
export type Report = (error: unknown) => void;

/**
 * Reports to `onError`, and where there is none, the first error only.
 *
 * @param action What could not be done, such as "measure with time()".
 */
export function reporter(action: string, onError: Report | undefined): Report {
  return withFallback(onError, consoleReporter(action));
}

const metricReporters = new WeakMap<object, Map<string, Report>>();

/**
 * Makes a reporter for one promise. Promises are measured one by one, so that
 * the first error is that of the wrapper with this metric.
 */
export function metricReporter(
  action: string,
  metric: object,
  onError: Report | undefined,
): Report {
  let ofMetric = metricReporters.get(metric);
  if (ofMetric === undefined) metricReporters.set(metric, ofMetric = new Map());
  let toConsole = ofMetric.get(action);
  if (toConsole === undefined) {
    ofMetric.set(action, toConsole = consoleReporter(action));
  }
  return withFallback(onError, toConsole);
}

function withFallback(onError: Report | undefined, fallback: Report): Report {
  if (onError === undefined) return fallback;
  return (error) => {
    try {
      watch(onError(error), fallback);
    } catch (failure) {
      fallback(failure);
    }
  };
}

/** Reports the first error it is given; the rest would only repeat it. */
function consoleReporter(action: string): Report {
  let reported = false;
  return (error) => {
    if (reported) return;
    reported = true;
    try {
      console.error(
        `Cannot ${action}, further errors are not shown:`,
        error,
      );
    } catch {
      // A console that throws, as some test setups make it, is the last one.
    }
  };
}
