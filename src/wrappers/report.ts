/**
 * Where the errors of a measurement go: to `onError`, or once to the console.
 *
 * @module
 */

import { thenOf } from "./thenable.ts";

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
