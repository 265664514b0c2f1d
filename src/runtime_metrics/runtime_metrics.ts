import { check, number, type RulesFor } from "../base/rules.ts";
import { LeadingRegistry } from "../metrics/leading_registry.ts";
import type { Registry } from "../types.ts";
import { measure } from "./loop.ts";
import { PROCESS_NAMES, processMetrics } from "./process_metrics.ts";
import { THREAD_NAMES, threadMetrics } from "./thread_metrics.ts";

/**
 * Options for {@linkcode runtimeMetrics}.
 *
 * @example Delays to the hundredth of a second
 * ```ts
 * import { runtimeMetrics, type RuntimeMetricsOptions } from "@prometheus-async/prometheus-async";
 *
 * const options: RuntimeMetricsOptions = { eventLoopInterval: 10 };
 * runtimeMetrics(options).stop();
 * ```
 */
export interface RuntimeMetricsOptions {
  /**
   * The time between two looks at the event loop, in milliseconds, from 10 to
   * 60 000. A block appears at most this much too short. At 100 the looks take less
   * than half a percent of a core in an idle process, at 10 about two percent.
   *
   * @default {100}
   */
  readonly eventLoopInterval?: number;
}

/**
 * A registry of metrics of the process and its runtime.
 *
 * @example Measuring for the length of a block
 * ```ts
 * import { metricsHandler, type RuntimeMetrics, runtimeMetrics } from "@prometheus-async/prometheus-async";
 *
 * const registry: RuntimeMetrics = runtimeMetrics();
 * const response = await metricsHandler({ registry })(
 *   new Request("http://localhost/metrics"),
 * );
 * const text = await response.text();
 * registry.stop();
 * if (!text.includes("\nprocess_resident_memory_bytes ")) throw new Error(text);
 * ```
 */
export interface RuntimeMetrics extends Registry, Disposable {
  /**
   * Ends the measurement of the event loop and of collections, once it was called
   * as often as {@linkcode runtimeMetrics}.
   */
  stop(): void;
}

const ACTION = "measure the runtime";

const RULES: RulesFor<RuntimeMetricsOptions, "eventLoopInterval"> = {
  eventLoopInterval: number(10, 60_000, 100),
};

const NAMES = new Set([
  ...PROCESS_NAMES,
  ...THREAD_NAMES,
  // The clients set it in the collector of the resident memory, which is left out.
  "process_heap_bytes",
]);

/** The registry of this thread, which has only one. */
class Runtime extends LeadingRegistry implements RuntimeMetrics {
  #starts = 0;
  #interval = 0;
  #end: (() => void) | undefined;

  constructor() {
    super(NAMES, threadMetrics, processMetrics());
  }

  start(interval: number, isGiven: boolean): void {
    if (this.#starts > 0 && isGiven && interval !== this.#interval) {
      throw new TypeError(
        `Cannot ${ACTION}: eventLoopInterval must be ${this.#interval} until ` +
          `that measurement has stopped, received ${interval}`,
      );
    }
    if (this.#starts++ > 0) return;
    this.#interval = interval;
    this.#end = measure(interval);
  }

  stop(): void {
    if (this.#starts === 0 || --this.#starts > 0) return;
    this.#end?.();
  }

  [Symbol.dispose](): void {
    this.stop();
  }
}

let runtime: Runtime | undefined;

/**
 * Measures the process and its runtime: CPU, memory, open files, threads, the heap,
 * collections, and the delays of the event loop.
 *
 * The result is a registry to serve beside others. Its names are those of the
 * clients' default metrics wherever the meaning is the same. A figure that a runtime
 * refuses or invents is absent, never 0. A scrape resets nothing. Other registries'
 * metrics of these names are not served, so a client's `collectDefaultMetrics()`
 * may stay. Each thread has one such registry, which further calls yield again. It
 * keeps no process alive.
 *
 * @example A server's thread reads the process while the main thread is blocked
 * ```ts
 * import { runtimeMetrics, startHttpServerInThread } from "@prometheus-async/prometheus-async";
 * import { register } from "prom-client";
 *
 * const runtime = runtimeMetrics({ eventLoopInterval: 20 });
 * const server = await startHttpServerInThread({
 *   addr: "127.0.0.1",
 *   registry: [register, runtime],
 * });
 * const text = await (await fetch(server.metricsUrl)).text();
 * await server.close();
 * runtime.stop();
 * if (!text.includes("runtime_eventloop_delay_seconds_count")) throw new Error(text);
 * ```
 *
 * @param options The interval; without it, that of earlier calls stays.
 * @returns The registry; its `stop()` ends the measurement.
 * @throws {TypeError} If it measures already, with another interval.
 * @throws {RangeError} If an option is out of its range.
 */
export function runtimeMetrics(
  options: RuntimeMetricsOptions = {},
): RuntimeMetrics {
  const { eventLoopInterval } = check(ACTION, "options", options, RULES);
  runtime ??= new Runtime();
  runtime.start(eventLoopInterval, options.eventLoopInterval !== undefined);
  return runtime;
}
