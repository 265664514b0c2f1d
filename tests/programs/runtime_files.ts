/** Opens files until there is no descriptor left; prints what is then told of them. */
import { openSync } from "node:fs";
import { runtimeMetrics } from "../../src/runtime_metrics/mod.ts";

const registry = runtimeMetrics();
registry.getMetricsAsArray();
try {
  for (;;) openSync("/dev/null", "r");
} catch {
  // None is left.
}
const told = registry.getMetricsAsArray()
  .filter(({ name }) => name.endsWith("_fds"))
  .map((metric) => metric.get!());
const values = (await Promise.all(told)).map(({ values }) => values[0].value);
console.log(JSON.stringify(values));
