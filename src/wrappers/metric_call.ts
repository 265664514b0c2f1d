/**
 * How a metric's methods are called: plainly, with labels, or in the form that
 * metrics with exemplars want.
 *
 * @module
 */

import {
  exemplarLabels,
  type Labels,
  labelsMaker,
  type LabelValues,
} from "./labels.ts";
import type { OutcomeOptions } from "./options.ts";
import type { Outcome, RejectedOutcome } from "./outcome.ts";
import type { Arguments } from "./probe.ts";
import type { Report } from "./report.ts";

/** One call of `observe`, with a value, or of `inc`, with none. */
export type MetricCall = (
  isFulfilled: boolean,
  result: unknown,
  args: Arguments,
  value?: number,
) => unknown;

/** What a {@linkcode MetricCall} is made of. */
export interface MetricCallOptions {
  /** The wrapper's name, for messages. */
  readonly wrapper: string;
  readonly metric: object;
  readonly method: "observe" | "inc";
  /** A wrapper calls its functions with the outcomes that they are made for. */
  readonly options: OutcomeOptions<string, never>;
  /** Takes the error of an exemplar that could not be made. */
  readonly report: Report;
}

/**
 * Makes the call of a metric's method that the options ask for.
 *
 * @returns `undefined` if the metric is called plainly: `observe(value)` or
 * `inc()`.
 * @throws {TypeError} If `labels` is neither an object nor a function.
 */
export function metricCall(
  { wrapper, metric, method, options, report }: MetricCallOptions,
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
 * Whether a metric's methods take one object `{ labels, value, exemplarLabels }`.
 * Both clients keep the option of gauges and summaries too, where it does
 * nothing.
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
