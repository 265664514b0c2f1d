/**
 * What both client packages have beside what their types say.
 *
 * @module
 */

import { labelTexts } from "./labels.ts";
import type { RegisteredMetric, Registry } from "../types.ts";

/** The labels that `setDefaultLabels()` was given, as texts. */
export function defaultLabelsOf(registry: Registry): Record<string, string> {
  const { _defaultLabels = {} } = registry as {
    _defaultLabels?: Record<string, unknown>;
  };
  return Object.fromEntries(labelTexts(_defaultLabels));
}

/**
 * Tells whether a metric does more than to read its values. The clients' metrics
 * say so; of others nobody knows.
 */
export function hasCollector(metric: RegisteredMetric): boolean {
  const { collect } = metric as { collect?: unknown };
  return collect !== undefined || !("labelNames" in metric);
}
