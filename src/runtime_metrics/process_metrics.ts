import type { OwnMetric } from "../metrics/own_metric.ts";
import { type ProcessUsage, processUsage } from "../runtime/process_usage.ts";
import { counter, type Figures, gauge, metricsOf } from "./figures.ts";

const FIGURES: Figures<ProcessUsage> = {
  process_cpu_user_seconds_total: counter(
    "User CPU time spent in seconds.",
    ({ userSeconds }) => userSeconds,
  ),
  process_cpu_system_seconds_total: counter(
    "System CPU time spent in seconds.",
    ({ systemSeconds }) => systemSeconds,
  ),
  process_cpu_seconds_total: counter(
    "User and system CPU time spent in seconds.",
    ({ userSeconds, systemSeconds }) => userSeconds + systemSeconds,
  ),
  process_resident_memory_bytes: gauge(
    "Resident memory size in bytes.",
    ({ residentBytes }) => residentBytes,
  ),
  process_virtual_memory_bytes: gauge(
    "Virtual memory size in bytes.",
    ({ virtualBytes }) => virtualBytes,
  ),
  process_threads: gauge(
    "Number of threads of the operating system.",
    ({ threads }) => threads,
  ),
  process_open_fds: gauge(
    "Number of open file descriptors.",
    ({ openFiles }) => openFiles,
  ),
  process_max_fds: gauge(
    "Maximum number of open file descriptors.",
    ({ maxFiles }) => maxFiles,
  ),
};

/** The names of the metrics of the process. */
export const PROCESS_NAMES: readonly string[] = Object.keys(FIGURES);

/** Makes the metrics of the process, which any thread can read. */
export function processMetrics(): () => OwnMetric[] {
  return metricsOf(FIGURES, processUsage);
}
