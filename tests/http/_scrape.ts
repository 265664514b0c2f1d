/** The measurements of requests, as the client itself writes them. */
import type { Registry } from "prom-client";
import { assertSoon } from "../_wait.ts";

/** A metric's samples: each label set with its value, in the order of their names. */
export async function samplesOf(
  registry: Registry,
  name: string,
): Promise<string[]> {
  const text = await registry.metrics();
  return text.split("\n")
    .filter((line) =>
      line.startsWith(`${name}{`) || line.startsWith(`${name} `)
    )
    .map((line) => line.slice(name.length))
    .sort();
}

/** The sum of all samples of a metric. */
export async function totalOf(
  registry: Registry,
  name: string,
): Promise<number> {
  const samples = await samplesOf(registry, name);
  return samples
    .map((sample) => Number(sample.slice(sample.lastIndexOf(" "))))
    .reduce((sum, value) => sum + value, 0);
}

/** The lines that say that nothing is in progress, and how much was. */
export async function progressOf(
  registry: Registry,
): Promise<{ requests: number; durations: number; inprogress: number }> {
  return {
    requests: await totalOf(registry, "http_requests_total"),
    durations: await totalOf(registry, "http_request_duration_seconds_count"),
    inprogress: await totalOf(registry, "http_requests_inprogress"),
  };
}

/** Waits until so many requests are counted, and none is in progress. */
export function ended(registry: Registry, requests: number): Promise<void> {
  return assertSoon(
    { requests, durations: requests, inprogress: 0 },
    () => progressOf(registry),
  );
}
