/** The probes of metrics that are called without labels or exemplars. */

import { metricReporter, type Report, watch } from "../base/report.ts";
import type { IncDecrementer, Incrementer, Observer } from "../types.ts";
import type { Probe } from "./probe.ts";
import type { LabelValues } from "./wrapper_options.ts";

export class TimeProbe implements Probe {
  readonly #metric: Observer;
  readonly #report: Report;

  constructor(metric: Observer, report: Report) {
    this.#metric = metric;
    this.#report = report;
  }

  start(): number {
    return performance.now();
  }

  end(started: number): void {
    try {
      const returned: unknown = this.#metric.observe(
        (performance.now() - started) / 1000,
      );
      if (returned !== undefined) watch(returned, this.#report);
    } catch (error) {
      this.#report(error);
    }
  }
}

export class FailureProbe implements Probe {
  readonly failuresOnly = true;
  readonly #metric: Incrementer;
  readonly #matches: ((reason: unknown) => boolean) | undefined;
  readonly #report: Report;

  constructor(
    metric: Incrementer,
    matches: ((reason: unknown) => boolean) | undefined,
    report: Report,
  ) {
    this.#metric = metric;
    this.#matches = matches;
    this.#report = report;
  }

  start(): void {}

  end(_state: unknown, isFulfilled: boolean, result: unknown): void {
    if (!isFulfilled) this.fail(result);
  }

  fail(reason: unknown): void {
    if (this.#matches !== undefined && !this.#matches(reason)) return;
    try {
      const returned: unknown = this.#metric.inc();
      if (returned !== undefined) watch(returned, this.#report);
    } catch (error) {
      this.#report(error);
    }
  }
}

export class InprogressProbe implements Probe {
  readonly #metric: IncDecrementer;
  readonly #report: Report;
  readonly #calls: CallsInProgress | undefined;

  constructor(metric: IncDecrementer, report: Report) {
    this.#metric = metric;
    this.#report = report;
    this.#calls = CallsInProgress.of(metric);
  }

  /** Returns whether the gauge went up: only then it may go down. */
  start(): boolean {
    try {
      const returned: unknown = this.#metric.inc();
      if (returned !== undefined) watch(returned, this.#report);
      if (this.#calls !== undefined) this.#calls.unlabelled++;
      return true;
    } catch (error) {
      this.#report(error);
      return false;
    }
  }

  end(isUp: boolean): void {
    if (!isUp) return;
    if (this.#calls !== undefined) this.#calls.unlabelled--;
    try {
      const returned: unknown = this.#metric.dec();
      if (returned !== undefined) watch(returned, this.#report);
    } catch (error) {
      this.#report(error);
    }
  }
}

/** A call with labels, in a list: a set would take as long as the update. */
export interface LabelledCall {
  readonly labels: LabelValues;
  before?: LabelledCall;
  after?: LabelledCall;
}

/** A gauge of a client, as far as it can lose calls in progress. */
interface Resettable {
  readonly labelNames: readonly string[];
  inc(labels: LabelValues, value?: number): unknown;
  reset(): unknown;
  remove(...labels: readonly unknown[]): unknown;
}

const ofGauges = new WeakMap<object, CallsInProgress>();

/**
 * The calls in progress of a client's gauge. Its `reset()` and `remove()` forget
 * them, so that their ends would leave it below 0: they are put back at once.
 */
export class CallsInProgress {
  /** How many calls have no labels. */
  unlabelled = 0;
  /** The last one of the others. */
  #last: LabelledCall | undefined;
  readonly #gauge: Resettable;

  /** Finds the calls of a metric; a child, or an object of one's own, has none. */
  static of(metric: object): CallsInProgress | undefined {
    const known = ofGauges.get(metric);
    if (known !== undefined) return known;
    const { labelNames, reset, remove } = metric as Partial<Resettable>;
    const isResettable = Array.isArray(labelNames) &&
      typeof reset === "function" && typeof remove === "function";
    if (!isResettable) return undefined;
    const calls = new CallsInProgress(metric as Resettable);
    ofGauges.set(metric, calls);
    return calls;
  }

  private constructor(gauge: Resettable) {
    this.#gauge = gauge;
    after(gauge, "reset", () => this.#putBack(() => true));
    after(gauge, "remove", (given) => {
      const { labelNames } = gauge;
      // Labels come as an object, or as values in the order of their names.
      const removed = (typeof given[0] === "object" ? given[0] : given) as
        | LabelValues
        | unknown[];
      const texts = labelNames.map((name, i) =>
        String(Array.isArray(removed) ? removed[i] : removed[name])
      );
      this.#putBack((labels) =>
        labelNames.every((name, i) => String(labels[name]) === texts[i])
      );
    });
  }

  begin(labels: LabelValues): LabelledCall {
    const before = this.#last;
    const call = this.#last = { labels, before, after: undefined };
    if (before !== undefined) before.after = call;
    return call;
  }

  end({ before, after }: LabelledCall): void {
    if (before !== undefined) before.after = after;
    if (after !== undefined) after.before = before;
    else this.#last = before;
  }

  #putBack(isLost: (labels: LabelValues) => boolean): void {
    const gauge = this.#gauge;
    const { unlabelled } = this;
    try {
      if (unlabelled > 0 && isLost({})) gauge.inc({}, unlabelled);
      for (let call = this.#last; call !== undefined; call = call.before) {
        if (isLost(call.labels)) gauge.inc(call.labels);
      }
    } catch (error) {
      metricReporter("keep calls in progress", gauge, undefined)(error);
    }
  }
}

/** Calls a function after each call of a gauge's method, if it can be replaced. */
function after(
  gauge: Resettable,
  name: "reset" | "remove",
  then: (given: readonly unknown[]) => void,
): void {
  const own = Object.getOwnPropertyDescriptor(gauge, name);
  if (own?.get) return;
  Reflect.defineProperty(gauge, name, {
    configurable: true,
    enumerable: own?.enumerable ?? false,
    writable: true,
    value(this: unknown, ...given: unknown[]): unknown {
      // The class may be patched later, as a mirror does it.
      const method = own ? own.value : Object.getPrototypeOf(gauge)[name];
      const result = Reflect.apply(method, this, given);
      then(given);
      return result;
    },
  });
}
