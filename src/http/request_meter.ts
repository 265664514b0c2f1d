import { refusal } from "../base/checks.ts";
import { type Report, reporter } from "../base/report.ts";
import { shared } from "../metrics/shared.ts";
import { requireVersion } from "../runtime/host.ts";
import { exemplarLabels, refusePromise } from "../wrappers/measurement.ts";
import type { LabelValues } from "../wrappers/wrapper_options.ts";
import { joinRegistry } from "./join_registry.ts";
import { ACTION, type RequestMetrics } from "./request_metrics.ts";
import { parseOptions, type RequestMetricsOptions } from "./request_options.ts";
import { type MeasuredRequest, OTHER, sampledTrace } from "./request_parts.ts";

const NO_LABELS: readonly string[] = [];

/**
 * Measures the requests of one handler, or application, as its options say.
 *
 * @typeParam Call What is known of a request when its handler has answered.
 */
export class RequestMeter<Call> {
  readonly metrics: RequestMetrics;
  readonly report: Report;
  readonly hasSizes: boolean;
  readonly hasFirstByte: boolean;
  /** Whether there are sizes, first bytes or exemplars. */
  readonly hasDetails: boolean;
  /** Whether functions in the options may read the request after the answer. */
  readonly readsRequests: boolean;
  /** The methods that have a label of their own besides the usual ones. */
  readonly methods: readonly string[];
  /** Says that the application measures a request, by Node's response. */
  claim: ((outgoing: object) => void) | undefined = shared().claim;
  readonly #name: string;
  readonly #findRoute: (call: Call) => string | undefined;
  readonly #labels: readonly ((call: Call) => string | number | undefined)[];
  readonly #exemplar: RequestMetricsOptions<Call>["exemplar"];
  readonly #exclude: RequestMetricsOptions<Call>["exclude"];

  /**
   * Registers the metrics, unless they are.
   *
   * @param name The function that the meter is for, in messages.
   * @throws {TypeError} If an option is of the wrong type.
   * @throws {RangeError} If a number is out of its range.
   */
  constructor(
    name: string,
    options: RequestMetricsOptions<Call>,
    findRoute: (call: Call) => string | undefined,
  ) {
    requireVersion(ACTION);
    const settings = parseOptions(options);
    this.report = reporter(ACTION, options.onError);
    this.metrics = joinRegistry(options.registry, settings);
    this.hasSizes = settings.sizeBuckets !== undefined;
    this.hasFirstByte = settings.firstByte;
    this.hasDetails = this.hasSizes || this.hasFirstByte ||
      options.exemplar !== undefined;
    this.#name = name;
    this.#findRoute = findRoute;
    this.#labels = Object.values(options.labels ?? {});
    this.#exemplar = options.exemplar;
    const { exclude, methods = [] } = options;
    this.methods = [...methods];
    this.#exclude = Array.isArray(exclude) ? [...exclude] : exclude;
    const { route } = options as { route?: unknown };
    this.readsRequests = this.hasDetails || this.#labels.length > 0 ||
      typeof route === "function";
  }

  get hasExclusions(): boolean {
    return this.#exclude !== undefined;
  }

  /** Whether a request is left out. */
  excludes(url: string | undefined, call: Call): boolean {
    const exclude = this.#exclude ?? [];
    try {
      if (typeof exclude !== "function") return exclude.includes(pathOf(url));
      const isExcluded: unknown = exclude(call);
      refusePromise(this.#name, "exclude", isExcluded);
      return isExcluded === true;
    } catch (error) {
      this.report(error);
      return false;
    }
  }

  /** The route of a request; `_OTHER` without one. */
  route(call: Call): string {
    try {
      const route: unknown = this.#findRoute(call);
      refusePromise(this.#name, "route", route);
      if (typeof route === "string") return route.toWellFormed();
      if (route === undefined) return OTHER;
      const given = { action: ACTION, name: "route", value: route };
      throw refusal(TypeError, given, "must be a string or undefined");
    } catch (error) {
      this.report(error);
      return OTHER;
    }
  }

  ownLabels(call: Call): readonly string[] {
    // Spares most requests an array.
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

  exemplar(
    call: Call,
    { headers }: MeasuredRequest,
  ): LabelValues | undefined {
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

/** The path of a URL, or of the target that a request of Node's has instead. */
function pathOf(url = ""): string {
  // Not as a URL: a path may begin with two slashes.
  if (url.startsWith("/")) return url.replace(/[?#].*/s, "");
  return URL.parse(url)?.pathname ?? "";
}

function labelValue(made: unknown): string {
  if (made === undefined) return "";
  if (typeof made === "string") return made.toWellFormed();
  if (typeof made === "number") return String(made);
  const given = { action: ACTION, name: "a label", value: made };
  throw refusal(TypeError, given, "must be a string, a number or undefined");
}
