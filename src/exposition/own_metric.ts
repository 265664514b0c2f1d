import { hasSum } from "../families/family_layout.ts";
import { commonText } from "../families/label_text.ts";
import type { MetricFamily, Series } from "../types.ts";

type Labels = Readonly<Record<string, string>>;

/** A metric of the package's own: no client is needed for it. */
export class OwnMetric {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "summary";
  readonly #series: Series[] = [];
  readonly #values: number[] = [];
  /** Where the values of a label set are. */
  readonly #places = new Map<string, number>();

  constructor(type: OwnMetric["type"], name: string, help: string) {
    this.type = type;
    this.name = `prometheus_async_${name}`;
    this.help = help;
  }

  /** What the metric holds now. */
  get family(): MetricFamily {
    const { name, help, type } = this;
    const series = [...this.#series];
    const values = [...this.#values];
    return { name, help, type, series, values, origin: this };
  }

  get isEmpty(): boolean {
    return this.#series.length === 0;
  }

  set(value: number, labels: Labels = {}): void {
    this.#values[this.#place(labels)] = value;
  }

  inc(labels: Labels = {}): void {
    this.#values[this.#place(labels)]++;
  }

  /** Takes an observation of a summary without quantiles. */
  observe(value: number): void {
    const count = this.#place({});
    this.#values[count]++;
    this.#values[count + 1] += value;
  }

  #place(labels: Labels): number {
    const text = commonText(labels) ?? "";
    let place = this.#places.get(text);
    if (place === undefined) {
      this.#places.set(text, place = this.#values.length);
      this.#series.push({ labels, text });
      this.#values.push(...hasSum(this.type) ? [0, 0] : [0]);
    }
    return place;
  }
}
