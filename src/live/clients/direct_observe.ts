import { observesPlainly, type StoredMetric } from "../../clients/storage.ts";
import { override } from "../override.ts";

/** A histogram, with the method that applications call. */
type Observed = StoredMetric & {
  readonly labelNames: readonly string[];
  observe(...given: unknown[]): unknown;
};

/**
 * Counts what a histogram without labels observes where it is kept: there is one
 * label set, which nobody has to look for. Whatever is no plain number goes the
 * client's own way, and so does what children and timers observe.
 *
 * @param count Counts an observation; tells whether it could.
 * @returns Ends that; `undefined` if the histogram does more than to count.
 */
export function observeDirectly(
  metric: StoredMetric,
  count: (observation: number) => boolean,
): (() => void) | undefined {
  const histogram = metric as Observed;
  const own = Object.getOwnPropertyDescriptor(histogram, "observe");
  if (
    histogram.labelNames.length > 0 || !own?.configurable ||
    !observesPlainly(histogram)
  ) return undefined;
  const { observe } = histogram;
  let isOver = false;
  const direct = override(histogram, "observe", {
    writable: true,
    value: function (this: unknown, given: unknown, value: unknown): unknown {
      // Who has kept this function may call it when it counts nothing any more.
      if (
        !isOver && this === histogram && Number.isFinite(given) &&
        count(given as number)
      ) return undefined;
      return observe.call(this, given, value);
    },
  });
  return () => {
    isOver = true;
    direct.restore();
  };
}
