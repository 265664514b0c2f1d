/** CPU time of scrapes, over all threads of the process. */
import process from "node:process";
import { AS_PROMETHEUS } from "./_as_prometheus.ts";
import { runBeside } from "./_beside.ts";

/** So many scrapes in a row are a sample. */
const SCRAPES = 300;

/**
 * The time that a scrape of a server in this process takes of its processors, in
 * nanoseconds. Another process scrapes, on one connection, 2 ms apart.
 *
 * @param isAsPrometheus Whether it asks as Prometheus does.
 */
export async function cpuPerScrape(
  url: string,
  isAsPrometheus: boolean,
): Promise<number> {
  const headers = isAsPrometheus ? AS_PROMETHEUS : [];
  const before = process.cpuUsage();
  await runBeside(
    new URL("./_scrapes.mjs", import.meta.url),
    url,
    String(SCRAPES),
    ...headers,
  );
  const { user, system } = process.cpuUsage(before);
  return (user + system) * 1000 / SCRAPES;
}
