import type { Report } from "../base/report.ts";
import type { Interception } from "../clients/interception.ts";
import { Cell } from "../memory/cell.ts";
import type { FamilyHeader } from "../memory/family_header.ts";
import type { Memory } from "../memory/memory.ts";
import { Table } from "../memory/table.ts";
import type {
  OwnMetric,
  OwnSeries,
  SeriesKeeper,
} from "../metrics/own_metric.ts";
import type { CollectedExemplar } from "../types.ts";

/** Keeps a counter, gauge or histogram of the package's own in shared memory. */
export class OwnInterception implements Interception, SeriesKeeper {
  readonly table: Table;
  readonly #metric: OwnMetric;
  readonly #onFailure: Report;

  constructor(metric: OwnMetric, memory: Memory, onFailure: Report) {
    this.#metric = metric;
    this.#onFailure = onFailure;
    const { name, help, labelNames } = metric;
    const type = metric.type as FamilyHeader["type"];
    const bounds = type === "histogram" ? metric.bounds : undefined;
    this.table = new Table(memory, {
      header: { name, help, type, bounds, exemplars: type !== "gauge" },
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
    this.table.append(series, series.series.labels, values);
    for (const [index, exemplar] of series.exemplars.entries()) {
      if (exemplar) this.table.setExemplar(series, index, exemplar);
    }
  }

  #attempt(change: () => void): void {
    try {
      change();
    } catch (error) {
      this.#onFailure(error);
    }
  }
}
