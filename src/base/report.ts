/**
 * Errors of the application's functions and metrics go to `onError`, or once to the
 * console; they never reach the caller of the measured or served function.
 */

import { thenOf } from "./describe.ts";

/** Takes an error that a metric, or a function in the options, threw. */
export type Report = (error: unknown) => void;

/**
 * Reports to `onError`; without it only the first error, to the console.
 *
 * @param action The action that fails, as in "Cannot measure with time()".
 */
export function reporter(action: string, onError: Report | undefined): Report {
  return withFallback(onError, consoleReporter(action));
}

/** Takes an error of an action, as in "Cannot measure with time()". */
export type ActionReport = (action: string, error: unknown) => void;

/** Makes a reporter for several actions, each with a first error of its own. */
export function actionReporter(onError: Report | undefined): ActionReport {
  const reports = new Map<string, Report>();
  return (action, error) => {
    const report = reports.get(action) ?? reporter(action, onError);
    reports.set(action, report);
    report(error);
  };
}

const metricReporters = new WeakMap<object, Map<string, Report>>();

/** Makes a reporter for one promise; without `onError` it shows one a metric. */
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

/** Shows the first error; the others would repeat it. */
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
      // Some test setups make the console throw.
    }
  };
}

/**
 * Reports the rejection of an asynchronous function of the application, from the
 * value that it returned. Hot paths test for `undefined` first.
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
