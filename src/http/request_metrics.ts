import type { Report } from "../base/report.ts";
import {
  OwnMetric,
  type OwnMetricOptions,
  type OwnSeries,
} from "../metrics/own_metric.ts";
import type { Registry } from "../types.ts";
import {
  describeMetrics,
  type Kind,
  LABELS,
  type MeasuredOptions,
  type RequestMetricsSettings,
} from "./metric_options.ts";
import { OTHER } from "./request_parts.ts";
import { LabelTree, type Measured, RequestSeries } from "./request_series.ts";

/** A registry that metrics can join: a `Registry` of either client. */
export interface MetricsRegistry extends Registry {
  /**
   * Adds a metric.
   *
   * @param metric The metric.
   */
  // The clients ask for more than they use; each for something else.
  // deno-lint-ignore no-explicit-any
  registerMetric(metric: any): void;
}

type LookUp = (name: string) => unknown;

/** The action in error messages. */
export const ACTION = "measure requests";

/** The metrics of requests in one registry. */
export class RequestMetrics {
  readonly settings: RequestMetricsSettings;
  /** Another object whenever one of the metrics is another. */
  measured!: Measured;
  readonly #registry: MetricsRegistry;
  readonly #options: Partial<MeasuredOptions>;
  /** The names of the labels; `undefined` for one that is left out. */
  readonly #labelNames: readonly (string | undefined)[];
  /** Finds a metric of the registry; absent if that would take long. */
  #lookUp: LookUp | undefined;
  #inprogressOf = new Map<string, OwnSeries>();
  #series = new LabelTree<RequestSeries>();
  #count = 0;

  /**
   * Joins the registry.
   *
   * @throws {TypeError} If it has other metrics of the same names.
   */
  constructor(registry: MetricsRegistry, settings: RequestMetricsSettings) {
    this.#registry = registry;
    this.settings = settings;
    const { names, omit, labelNames } = settings;
    const own = LABELS.map((label) =>
      omit.includes(label) ? undefined : names.labels[label]
    );
    this.#labelNames = [...own, ...labelNames];
    this.#options = describeMetrics(settings, this.#labelNames);
    this.join();
  }

  /** Whether the registry was cleared. */
  get isGone(): boolean {
    const registered: readonly unknown[] = this.#registry.getMetricsAsArray();
    // Another copy of the package may have registered the gauge again.
    const { inprogress: _, ...metrics } = this.measured;
    return !Object.values(metrics)
      .some((metric) => registered.includes(metric));
  }

  /**
   * Registers the metrics that the registry lacks. Those that it has are used, also
   * if another copy of the package has made them.
   *
   * @throws {TypeError} If it has other metrics of the same names.
   */
  join(): void {
    const registry = this.#registry;
    const registered = registry.getMetricsAsArray();
    const { getSingleMetric } = registry as { getSingleMetric?: LookUp };
    const made: OwnMetric[] = [];
    const all = Object.entries(this.#options) as [Kind, OwnMetricOptions][];
    const joined = all.map(([key, options]): [Kind, OwnMetric] => {
      const { name } = options;
      // The clients may change a metric's own name.
      const found = getSingleMetric?.call(registry, name) ??
        registered.find((metric) => metric.name === name);
      if (found === undefined) {
        // It counts requests that are still in progress.
        const metric = key === "inprogress" && this.measured?.[key] ||
          new OwnMetric(options);
        made.push(metric);
        return [key, metric];
      }
      if (isAlike(found, options)) return [key, found];
      throw new TypeError(
        `Cannot ${ACTION}: the registry must not have a metric of the name ` +
          `"${name}" already; give these another \`prefix\``,
      );
    });
    for (const metric of made) registry.registerMetric(metric);
    this.#lookUp = getSingleMetric?.bind(registry);
    const known: Partial<Measured> = this.measured ?? {};
    const isSame = joined.every(([key, metric]) => known[key] === metric);
    if (isSame) return;
    this.measured = Object.fromEntries(joined) as unknown as Measured;
    this.#inprogressOf = new Map();
    this.#series = new LabelTree();
    this.#count = 0;
  }

  /**
   * Joins the registry again if it was cleared. A metric that was removed by its
   * name stays away until the next handler is made.
   */
  #follow(lookUp: LookUp, report: Report): void {
    try {
      const { name } = this.#options.duration!;
      if (lookUp(name) === this.measured.duration || !this.isGone) return;
      // If that fails, it is told once.
      this.#lookUp = undefined;
      this.join();
    } catch (error) {
      report(error);
    }
  }

  /** Counts a request that has come; the result is to be lowered at its end. */
  begin(method: string, report: Report): OwnSeries {
    if (this.#lookUp !== undefined) this.#follow(this.#lookUp, report);
    let series = this.#inprogressOf.get(method);
    if (series === undefined) {
      const [name] = this.#labelNames;
      const { inprogress } = this.measured;
      series = inprogress.of(name === undefined ? {} : { [name]: method });
      this.#inprogressOf.set(method, series);
    }
    series.add(1);
    return series;
  }

  /**
   * Finds the series of a label set.
   *
   * @param own The values of the application's own labels.
   */
  of(
    method: string,
    route: string,
    status: number,
    own: readonly string[],
  ): RequestSeries {
    const { omit } = this.settings;
    if (omit.length > 0) {
      // One value stands for all.
      if (omit.includes("method")) method = "";
      if (omit.includes("route")) route = "";
      if (omit.includes("status")) status = 0;
    }
    const found = this.#series.get(method, route, status, own);
    if (found !== undefined) return found;
    if (this.#count < this.settings.maxSeries) {
      this.#count++;
      return this.#make([method, route, status, ...own]);
    }
    const others = own.map(() => OTHER);
    const other = omit.includes("route") ? "" : OTHER;
    return this.#series.get(method, other, status, others) ??
      this.#make([method, other, status, ...others]);
  }

  #make(values: readonly (string | number)[]): RequestSeries {
    const labels: Record<string, string> = {};
    for (const [i, name] of this.#labelNames.entries()) {
      if (name !== undefined) labels[name] = String(values[i]);
    }
    const made = new RequestSeries(this, labels);
    this.#series.set(values, made);
    return made;
  }
}

/** Tells whether a metric is one that a copy of the package would have made. */
function isAlike(
  found: unknown,
  { type, labelNames, bounds = [] }: OwnMetricOptions,
): found is OwnMetric {
  const metric = found as OwnMetric;
  return typeof metric.of === "function" && metric.type === type &&
    String(metric.labelNames) === String(labelNames) &&
    String(metric.bounds) === String(bounds);
}
