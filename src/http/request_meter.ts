import { describe } from "../describe.ts";
import type { LabelValues } from "../wrappers/labels.ts";
import {
  exemplarLabels,
  refusePromise,
  type Report,
  reporter,
} from "../wrappers/measurement.ts";
import { readSettings, type RequestMetricsOptions } from "./options.ts";
import { OTHER } from "./other.ts";
import { ACTION } from "./action.ts";
import { joinRegistry } from "./registration.ts";
import type { RequestMetrics } from "./request_metrics.ts";
import { sampledTrace } from "./traceparent.ts";

/** Finds the route of a request; `undefined` if it has none. */
export type FindRoute<Call> = (call: Call) => string | undefined;

type MakeLabel<Call> = (call: Call) => string | number | undefined;

const NO_LABELS: readonly string[] = [];

/**
 * Measures requests: what is the same for all those of one handler.
 *
 * @typeParam Call What is known of a request when its handler has answered.
 */
export class RequestMeter<Call> {
  /** What requests are counted in. */
  readonly metrics: RequestMetrics;
  /** Takes what goes wrong. */
  readonly report: Report;
  /** Whether sizes are measured. */
  readonly hasSizes: boolean;
  /** Whether more is measured than counts and durations. */
  readonly hasDetails: boolean;
  /** Whether the request is looked at when its handler has answered. */
  readonly readsRequests: boolean;
  readonly #name: string;
  readonly #findRoute: FindRoute<Call>;
  readonly #labels: readonly MakeLabel<Call>[];
  readonly #exemplar: RequestMetricsOptions<Call>["exemplar"];

  /**
   * Makes a meter, and registers its metrics.
   *
   * @param name The function that it is made for, in messages.
   * @throws {TypeError} If an option is not what it must be.
   * @throws {RangeError} If a number is out of its range.
   */
  constructor(
    name: string,
    options: RequestMetricsOptions<Call>,
    findRoute: FindRoute<Call>,
  ) {
    const settings = readSettings(options);
    this.report = reporter(ACTION, options.onError);
    this.metrics = joinRegistry(options.registry, settings);
    this.hasSizes = settings.sizeBuckets !== undefined;
    this.hasDetails = this.hasSizes || options.exemplar !== undefined;
    this.#name = name;
    this.#findRoute = findRoute;
    this.#labels = Object.values(options.labels ?? {});
    this.#exemplar = options.exemplar;
    const { route } = options as { route?: unknown };
    this.readsRequests = this.hasDetails || this.#labels.length > 0 ||
      typeof route === "function";
  }

  /** The route of a request, or what stands for none. */
  route(call: Call): string {
    try {
      const route: unknown = this.#findRoute(call);
      refusePromise(this.#name, "route", route);
      if (typeof route === "string") return route.toWellFormed();
      if (route === undefined) return OTHER;
      throw new TypeError(
        `Cannot ${ACTION}: route must be a string or undefined, received ` +
          describe(route),
      );
    } catch (error) {
      this.report(error);
      return OTHER;
    }
  }

  /** The values of the application's own labels. */
  ownLabels(call: Call): readonly string[] {
    // Most have none.
    if (this.#labels.length === 0) return NO_LABELS;
    return this.#labels.map((make) => {
      try {
        const made: unknown = make(call);
        refusePromise(this.#name, "labels", made);
        return labelValue(made);
      } catch (error) {
        this.report(error);
        return "";
      }
    });
  }

  /** The labels of the request's exemplar, if it has one. */
  exemplar(call: Call, { headers }: Request): LabelValues | undefined {
    const make = this.#exemplar;
    if (make === undefined) return undefined;
    try {
      if (make !== "traceparent") return exemplarLabels(this.#name, make(call));
      const trace = sampledTrace(headers);
      return trace === undefined ? undefined : { trace_id: trace };
    } catch (error) {
      // An exemplar is an extra: the request counts without it.
      this.report(error);
    }
  }
}

function labelValue(made: unknown): string {
  if (made === undefined) return "";
  if (typeof made === "string") return made.toWellFormed();
  if (typeof made === "number") return String(made);
  throw new TypeError(
    `Cannot ${ACTION}: a label must be a string, a number or undefined, ` +
      `received ${describe(made)}`,
  );
}
