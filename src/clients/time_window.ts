import type { RegisteredMetric } from "../types.ts";

/** The quantiles of one label set, as all clients keep them. */
interface TimeWindow {
  readonly ringBuffer: { readonly length: number };
  readonly durationBetweenRotatesMillis: number;
  lastRotateTimestampMillis: number;
}

interface SummaryEntry {
  readonly td?: TimeWindow;
  readonly value?: { readonly td?: TimeWindow };
}

/**
 * Brings the time windows of a client's summary near to the present.
 *
 * The clients move a window on by one step after the other, which takes minutes
 * after a large jump of the clock. The steps that are left empty all of it: those
 * before them change nothing.
 */
export function catchUp(metric: RegisteredMetric): void {
  const { type, hashMap, store } = metric as {
    type?: unknown;
    hashMap?: Record<string, SummaryEntry>;
    store?: { values(): Iterable<SummaryEntry> };
  };
  if (type !== "summary") return;
  const time = Date.now();
  for (const entry of store?.values() ?? Object.values(hashMap ?? {})) {
    const window = entry.td ?? entry.value?.td;
    if (window?.ringBuffer === undefined) continue;
    const { ringBuffer, durationBetweenRotatesMillis: step } = window;
    const steps = Math.floor((time - window.lastRotateTimestampMillis) / step);
    const idle = steps - ringBuffer.length - 1;
    if (idle > 0) window.lastRotateTimestampMillis += idle * step;
  }
}
