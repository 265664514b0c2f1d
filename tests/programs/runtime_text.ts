/** Prints a scrape of the runtime's metrics, and ends by itself. */
import { metricsHandler } from "../../src/exposition/mod.ts";
import { runtimeMetrics } from "../../src/runtime_metrics/mod.ts";

const registry = runtimeMetrics({ eventLoopInterval: 10 });
await new Promise((resolve) => setTimeout(resolve, 100));
const handler = metricsHandler({ registry });
const response = await handler(new Request("http://localhost/metrics"));
console.log(await response.text());
