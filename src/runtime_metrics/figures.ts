import {
  OwnMetric,
  type OwnMetricOptions,
  type OwnSeries,
} from "../metrics/own_metric.ts";

/** A metric, and how to take its values from a reading. */
interface Figure<Reading> extends Pick<OwnMetricOptions, "type" | "help"> {
  /** The name of the label, if there are several values. */
  readonly label?: string;
  /** Sets the values, with the texts of the label; an absent value is not set. */
  readonly setAll: (reading: Reading, set: SetValue) => void;
}

type SetValue = (value: number, text?: string) => void;

/** Figures by the names of their metrics. */
export type Figures<Reading> = Readonly<Record<string, Figure<Reading>>>;

/** A counter without labels; `undefined` is absent. */
export function counter<Reading>(
  help: string,
  of: (reading: Reading) => number | undefined,
): Figure<Reading> {
  return { ...gauge(help, of), type: "counter" };
}

/** A gauge without labels; `undefined` is absent. */
export function gauge<Reading>(
  help: string,
  of: (reading: Reading) => number | undefined,
): Figure<Reading> {
  return {
    type: "gauge",
    help,
    setAll(reading, set) {
      const value = of(reading);
      if (value !== undefined) set(value);
    },
  };
}

/**
 * Makes metrics of figures.
 *
 * @param read Reads all figures at once.
 * @returns Brings the metrics up to date, and lists those that have values.
 */
export function metricsOf<Reading>(
  figures: Figures<Reading>,
  read: () => Reading,
): () => OwnMetric[] {
  const updates = Object.entries(figures).map(([name, figure]) => {
    const { type, help, label } = figure;
    const labelNames = label === undefined ? [] : [label];
    const metric = new OwnMetric({ type, name, help, labelNames });
    return { metric, update: updaterOf(metric, figure) };
  });
  return () => {
    const reading = read();
    return updates.filter(({ update }) => update(reading))
      .map(({ metric }) => metric);
  };
}

/** Makes a function that sets a metric, and tells whether it has a value. */
function updaterOf<Reading>(
  metric: OwnMetric,
  { label, setAll }: Figure<Reading>,
): (reading: Reading) => boolean {
  const rows = new Map<string, { series: OwnSeries; turn: number }>();
  let turn = 0;
  return (reading) => {
    turn++;
    setAll(reading, (value, text = "") => {
      let row = rows.get(text);
      if (row === undefined) {
        const labels = label === undefined ? {} : { [label]: text };
        rows.set(text, row = { series: metric.of(labels), turn });
      }
      row.turn = turn;
      row.series.set(value);
    });
    if (label === undefined) return rows.get("")?.turn === turn;
    // Another thread may read a series at any moment: it stays, and is 0 only
    // when nothing is left to count.
    for (const row of rows.values()) if (row.turn !== turn) row.series.set(0);
    return rows.size > 0;
  };
}
