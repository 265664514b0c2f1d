import { OwnMetric } from "../metrics/own_metric.ts";
import * as engine from "../runtime/engine.ts";
import { counter, type Figures, gauge, metricsOf } from "./figures.ts";

const FIGURES: Figures<engine.HeapUsage> = {
  process_start_time_seconds: gauge(
    "Start time since unix epoch in seconds.",
    // Read once: setting the clock must not look like a restart.
    () => started ??= engine.startedAt(),
  ),
  runtime_thread_cpu_seconds_total: counter(
    "User and system CPU time of the event loop's thread in seconds.",
    engine.threadSeconds,
  ),
  nodejs_eventloop_time_seconds_total: {
    type: "counter",
    help: "Time that the event loop was active or idle in seconds.",
    label: "state",
    setAll(_heap, set) {
      const time = engine.loopTime();
      if (time === undefined) return;
      set(time.active, "active");
      set(time.idle, "idle");
    },
  },
  nodejs_active_resources: {
    type: "gauge",
    help: "Number of active resources that keep the event loop alive, by type.",
    label: "type",
    setAll(_heap, set) {
      for (const [type, count] of engine.activeResources()) set(count, type);
    },
  },
  nodejs_heap_size_total_bytes: gauge(
    "Heap size in bytes.",
    ({ total }) => total,
  ),
  nodejs_heap_size_used_bytes: gauge(
    "Heap size used in bytes.",
    ({ used }) => used,
  ),
  nodejs_external_memory_bytes: gauge(
    "Memory outside of the heap that its objects hold in bytes.",
    ({ external }) => external,
  ),
  runtime_heap_size_limit_bytes: gauge(
    "Heap size limit in bytes.",
    ({ limit }) => limit,
  ),
  nodejs_heap_space_size_total_bytes: spaces(
    "Heap space size in bytes.",
    "size",
  ),
  nodejs_heap_space_size_used_bytes: spaces(
    "Heap space size used in bytes.",
    "used",
  ),
  nodejs_heap_space_size_available_bytes: spaces(
    "Heap space size available in bytes.",
    "available",
  ),
};

let started: number | undefined;

function spaces(
  help: string,
  size: "size" | "used" | "available",
): Figures<engine.HeapUsage>[string] {
  return {
    type: "gauge",
    help,
    label: "space",
    setAll({ spaces }, set) {
      for (const space of spaces) set(space[size], space.name);
    },
  };
}

/** The delays of the event loop, as `measure()` in `loop.ts` finds them. */
export const delays: OwnMetric = new OwnMetric({
  type: "histogram",
  name: "runtime_eventloop_delay_seconds",
  help: "Delay of a timer by the event loop in seconds.",
  bounds: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
});

/** The collections of garbage, with the clients' buckets. */
export const collections: OwnMetric = new OwnMetric({
  type: "histogram",
  name: "nodejs_gc_duration_seconds",
  help:
    "Garbage collection duration by kind: major, minor, incremental or weakcb.",
  labelNames: ["kind"],
  bounds: [0.001, 0.01, 0.1, 1, 2, 5],
});

const infos = [
  infoMetric("runtime_info", "Runtime and engine.", engine.engineInfo()),
  infoMetric(
    "nodejs_version_info",
    "Node.js version info.",
    engine.nodeVersion(),
  ),
];

function infoMetric(
  name: string,
  help: string,
  labels: Readonly<Record<string, string>> | undefined,
): OwnMetric {
  const labelNames = Object.keys(labels ?? {});
  const metric = new OwnMetric({ type: "gauge", name, help, labelNames });
  if (labels !== undefined) metric.of(labels).set(1);
  return metric;
}

const fixed = [...infos, delays, collections];

const figures = metricsOf(FIGURES, engine.heapUsage);

/** The names of the metrics of a thread. */
export const THREAD_NAMES: readonly string[] = [
  ...Object.keys(FIGURES),
  ...fixed.map(({ name }) => name),
];

/** Brings the metrics of this thread up to date, and lists those with samples. */
export function threadMetrics(): OwnMetric[] {
  const filled = fixed.filter(({ all }) => [...all].length > 0);
  return [...figures(), ...filled];
}
