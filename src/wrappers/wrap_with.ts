/**
 * What the three wrapper functions have in common: how they read their
 * arguments, and what they do in their two forms.
 *
 * @module
 */

import { describe } from "../describe.ts";
import { instrumentPromise } from "./instrument.ts";
import { readCall, requireFunctions, type WrapperOptions } from "./options.ts";
import type { Probe } from "./probe.ts";
import { metricReporter, type Report, reporter } from "./report.ts";
import { makeWrapper } from "./wrapper.ts";

/** What a wrapper function is made of. */
export interface WrapperDescription<Metric, Options> {
  /** Its name, for messages. */
  readonly name: string;
  /** What a metric must be able to do. */
  readonly methods: readonly (keyof Metric & string)[];
  /** The options that must be functions. */
  readonly functions: readonly (keyof Options & string)[];
  /** Makes what measures; its errors go to `report`. */
  readonly makeProbe: (
    metric: Metric,
    options: Readonly<Options>,
    report: Report,
  ) => Probe;
}

/**
 * Does what a wrapper function was called for: measures the promise it was
 * given, or makes a wrapper of functions.
 *
 * @param rest Its arguments but the metric.
 * @throws {TypeError} If the arguments are not as they must be.
 */
export function wrapWith<
  Metric extends object,
  Options extends WrapperOptions,
>(
  { name, methods, functions, makeProbe }: WrapperDescription<Metric, Options>,
  metric: Metric,
  rest: readonly unknown[],
): unknown {
  requireMethods(name, metric, methods);
  const { promise, options } = readCall<Options>(name, rest);
  requireFunctions(name, options, functions);
  const { onError } = options;
  const action = `measure with ${name}()`;
  if (promise === undefined) {
    const report = reporter(action, onError);
    return makeWrapper(name, makeProbe(metric, options, report));
  }
  const report = metricReporter(action, metric, onError);
  return instrumentPromise(makeProbe(metric, options, report), promise);
}

function requireMethods(
  wrapper: string,
  metric: unknown,
  methods: readonly string[],
): void {
  for (const method of methods) {
    const found = (metric as Record<string, unknown> | null)?.[method];
    if (typeof found === "function") continue;
    throw new TypeError(
      `Cannot use ${wrapper}(): the metric must have the method ${method}(), ` +
        `received ${describe(metric)}` + (typeof metric === "function"
          ? `; to wrap or decorate a function, call ${wrapper}(metric)`
          : ""),
    );
  }
}
