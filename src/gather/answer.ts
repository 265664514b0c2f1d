import { describe } from "../describe.ts";
import { hasSum } from "../families/series.ts";
import type { SeriesTable } from "../families/series_table.ts";
import type { CollectedMetric, MetricType } from "../types.ts";
import { groupSamples } from "./group_samples.ts";
import { addGroups, addValues, type ReadFamily, readRows } from "./rows.ts";

const TYPES: readonly unknown[] = [
  "counter",
  "gauge",
  "histogram",
  "summary",
  "unknown",
] satisfies MetricType[];

/**
 * Reads the values that a metric has answered with.
 *
 * @param tableFor Yields the table of the series, for the metric's type.
 * @throws {TypeError} If they are not of the shape of {@linkcode CollectedMetric}.
 */
export async function readAnswer(
  answer: CollectedMetric | Promise<CollectedMetric>,
  tableFor: (type: MetricType) => SeriesTable,
): Promise<ReadFamily> {
  const { name, help, type, values } = await answer;
  if (typeof name !== "string" || name === "") {
    throw new TypeError(
      "its name must be a string that is not empty, received " +
        describe(name),
    );
  }
  if (!TYPES.includes(type)) {
    throw new TypeError(
      `its type must be one of ${TYPES.join(", ")}, received ${describe(type)}`,
    );
  }
  const ofType = type as MetricType;
  if (!Array.isArray(values)) {
    throw new TypeError(
      `its values must be an array, received ${describe(values)}`,
    );
  }
  const table = tableFor(ofType);
  const unread = { name, help: String(help ?? ""), type: ofType, table };
  if (hasSum(ofType)) {
    const entries = await groupSamples(name, ofType, values);
    return readRows(unread, [{ entries }], addGroups);
  }
  const other = values.find(({ metricName = name }) => metricName !== name);
  if (other !== undefined) {
    throw new TypeError(
      `the samples of a ${ofType} must have its name, received ` +
        describe(other.metricName),
    );
  }
  return readRows(unread, [{ entries: values }], addValues);
}
