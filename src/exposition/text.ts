import type { MetricFamily, Sample } from "../types.ts";

/** The Content-Type of what {@linkcode encodeText} writes. */
export const TEXT_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/**
 * Writes families in the Prometheus text format 0.0.4.
 *
 * @see {@link https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format}
 */
export function encodeText(families: readonly MetricFamily[]): string {
  let text = "";
  for (const { name, help, type, samples } of families) {
    text += `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
    for (const sample of samples) text += encodeSample(sample);
  }
  return text;
}

function encodeSample({ name, labels, value }: Sample): string {
  const pairs = Object.entries(labels).map(
    ([label, labelValue]) => `${label}="${escapeLabelValue(labelValue)}"`,
  );
  const labelSet = pairs.length > 0 ? `{${pairs.join(",")}}` : "";
  return `${name}${labelSet} ${encodeValue(value)}\n`;
}

/** JavaScript's `Infinity` is the format's `+Inf`; `NaN` is the same in both. */
function encodeValue(value: number): string {
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  return String(value);
}

function escapeHelp(help: string): string {
  return help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapeLabelValue(value: string | number): string {
  return String(value)
    .replaceAll("\\", "\\\\")
    .replaceAll('"', '\\"')
    .replaceAll("\n", "\\n");
}
