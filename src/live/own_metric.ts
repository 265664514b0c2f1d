import { Cell } from "../memory/cell.ts";
import type { OwnMetric } from "../metrics/own_metric.ts";
import type { OwnSeries, SeriesKeeper } from "../metrics/own_series.ts";
import type { CollectedExemplar } from "../types.ts";
import { Table } from "../memory/table.ts";
import type { Interception } from "../clients/interception.ts";
import type { Memory } from "../memory/memory.ts";

/** The package's own metrics that can be live. */
export type LiveOwnMetric = OwnMetric & {
  readonly type: "counter" | "gauge" | "histogram";
};

/** The package's own metrics: their series are told where their cells are. */
export class OwnInterception implements Interception, SeriesKeeper {
  readonly table: Table;
  readonly #metric: LiveOwnMetric;
  readonly #onFailure: (error: unknown) => void;

  constructor(
    metric: LiveOwnMetric,
    memory: Memory,
    onFailure: (error: unknown) => void,
  ) {
    this.#metric = metric;
    this.#onFailure = onFailure;
    const { name, help, type, bounds, labelNames } = metric;
    this.table = new Table(memory, {
      header: {
        name,
        help,
        type,
        bounds: type === "histogram" ? bounds : undefined,
        exemplars: type !== "gauge",
      },
      isUnlabelled: labelNames.length === 0,
      owners: () => this.owners(),
    });
    try {
      for (const series of metric.all) this.#append(series);
    } catch (error) {
      this.table.dispose();
      throw error;
    }
    metric.keeper = this;
  }

  owners(): Iterable<object> {
    return this.#metric.all;
  }

  detach(): boolean {
    const { all, cells } = this.#metric;
    this.#metric.keeper = undefined;
    Cell.retireAll([...all], cells);
    return true;
  }

  added(series: OwnSeries): void {
    this.#attempt(() => this.#append(series));
  }

  reset(series: OwnSeries): void {
    this.#attempt(() => this.table.rewrite(series, []));
  }

  exemplified(
    series: OwnSeries,
    index: number,
    exemplar: CollectedExemplar,
  ): void {
    this.#attempt(() => this.table.setExemplar(series, index, exemplar));
  }

  #append(series: OwnSeries): void {
    const at = Cell.at(series);
    const values = Cell.cells(series).slice(at, at + this.#metric.cells);
    this.table.append(series.series.labels, values, (cells, at) => {
      Cell.move(series, cells, at);
    });
    for (const [index, exemplar] of series.exemplars.entries()) {
      if (exemplar) this.table.setExemplar(series, index, exemplar);
    }
  }

  /** Does what may fail for want of memory; the metric has done its part. */
  #attempt(change: () => void): void {
    try {
      change();
    } catch (error) {
      this.#onFailure(error);
    }
  }
}
