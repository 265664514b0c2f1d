/** A real Prometheus on loopback, with a data folder of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { serverPath } from "../../tools/servers/locate.ts";
import { curlSync } from "../_curl.ts";
import { freePorts } from "../_ports.ts";
import { assertSoon, waitUntil } from "../_wait.ts";

/** The value of one series that a query found. */
interface QueryResult {
  metric: Record<string, string>;
  value: number;
}

/** A value that was scraped. */
interface Sample {
  /** When, in seconds since the Unix epoch. */
  time: number;
  value: number;
}

/** A target as Prometheus sees it. */
interface Target {
  health: "up" | "down" | "unknown";
  lastError: string;
  /** Its labels, after relabelling. */
  labels: Record<string, string>;
}

/** The exemplars of one series. */
interface SeriesExemplars {
  seriesLabels: Record<string, string>;
  exemplars: Exemplar[];
}

/** An exemplar as Prometheus stores it. */
interface Exemplar {
  labels: Record<string, string>;
  value: number;
  /** In seconds since the Unix epoch. */
  timestamp: number;
}

/** A running Prometheus. */
export interface Prometheus {
  /**
   * Evaluates a query.
   *
   * @param time At which moment, in seconds since the Unix epoch; now by default.
   */
  query(expression: string, time?: number): Promise<QueryResult[]>;
  /**
   * Lists the samples of one series, a minute old at most, and blocks this thread
   * until it has.
   *
   * @param selector What matches that series, and no other.
   */
  samplesSync(selector: string): Sample[];
  /** Lists the exemplars of the series in a query, an hour old at most. */
  exemplars(expression: string): Promise<SeriesExemplars[]>;
  /** Lists the targets that are scraped. */
  targets(): Promise<Target[]>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

/** Options for {@linkcode startPrometheus}. */
export interface StartPrometheusOptions {
  /**
   * Which one.
   *
   * @default {"prometheus"}
   */
  server?: "prometheus" | "prometheus3" | "prometheus-consul";
  /**
   * More arguments.
   *
   * @default {[]}
   */
  args?: readonly string[];
}

const START_MS = 60_000;

/** Its log line when it listens, with the address at the end. */
const LISTENING =
  /"(?:Listening on|Start listening for connections)".* address=(127\.0\.0\.1:[1-9]\d*)\n/;

/** How often it is tried to start one on a port that was free a moment ago. */
const ATTEMPTS = 3;

/** How far back exemplars are looked for; and ahead, should a clock be wrong. */
const EXEMPLARS_SECONDS = 3600;

/**
 * Starts a Prometheus.
 *
 * @param config Its configuration, as YAML or as what becomes JSON, which is
 * YAML too.
 */
export async function startPrometheus(
  config: unknown,
  options: StartPrometheusOptions = {},
): Promise<Prometheus> {
  // Most take a port that is free, and log which; the oldest does not tell.
  if (options.server !== "prometheus-consul") {
    return await start(config, options, 0);
  }
  for (let attempt = 1;; attempt++) {
    const [port] = await freePorts(1);
    try {
      return await start(config, options, port);
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

async function start(
  config: unknown,
  { server = "prometheus", args = [] }: StartPrometheusOptions,
  port: number,
): Promise<Prometheus> {
  const folder = await mkdtemp(join(tmpdir(), "prometheus-"));
  const configFile = join(folder, "prometheus.yml");
  await writeFile(
    configFile,
    typeof config === "string" ? config : JSON.stringify(config),
  );
  const child = spawn(serverPath(server), [
    `--config.file=${configFile}`,
    `--storage.tsdb.path=${join(folder, "data")}`,
    `--web.listen-address=127.0.0.1:${port}`,
    ...args,
  ], { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  child.stderr!.on("data", (chunk) => log += chunk);
  // A test run that ends early leaves no server behind.
  const kill = () => void child.kill("SIGKILL");
  process.once("exit", kill);

  async function stop(): Promise<void> {
    process.off("exit", kill);
    await end(child);
    await rm(folder, { recursive: true, force: true });
  }

  let url = "";
  async function get<T>(path: string): Promise<T> {
    const response = await fetch(url + path);
    const { data, error } = await response.json();
    if (error) throw new Error(`Prometheus answered ${path}: ${error}`);
    return data;
  }

  try {
    await waitUntil(START_MS, "Prometheus is ready", async () => {
      if (child.exitCode !== null) throw new Error(`Prometheus ended: ${log}`);
      const [, address] = LISTENING.exec(log) ?? [];
      if (address === undefined) return false;
      url = `http://${address}`;
      return await fetch(`${url}/-/ready`).then((r) => r.ok, () => false);
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    async query(expression, time) {
      const search = new URLSearchParams({ query: expression });
      if (time !== undefined) search.set("time", String(time));
      const { result } = await get<
        { result: { metric: QueryResult["metric"]; value: [number, string] }[] }
      >(`/api/v1/query?${search}`);
      return result.map(({ metric, value }) => ({
        metric,
        value: toNumber(value[1]),
      }));
    },
    samplesSync(selector) {
      const search = new URLSearchParams({ query: `${selector}[1m]` });
      const { data } = JSON.parse(curlSync(`${url}/api/v1/query?${search}`));
      const [found] = data.result as { values: [number, string][] }[];
      return (found?.values ?? []).map(([time, value]) => ({
        time,
        value: toNumber(value),
      }));
    },
    async exemplars(expression) {
      const now = Date.now() / 1000;
      const search = new URLSearchParams({
        query: expression,
        start: String(now - EXEMPLARS_SECONDS),
        end: String(now + EXEMPLARS_SECONDS),
      });
      const found = await get<
        {
          seriesLabels: SeriesExemplars["seriesLabels"];
          exemplars: (Omit<Exemplar, "value"> & { value: string })[];
        }[]
      >(`/api/v1/query_exemplars?${search}`);
      return found.map(({ seriesLabels, exemplars }) => ({
        seriesLabels,
        exemplars: exemplars.map(({ labels, value, timestamp }) => ({
          labels,
          value: toNumber(value),
          timestamp,
        })),
      }));
    },
    async targets() {
      const { activeTargets } = await get<{ activeTargets: Target[] }>(
        "/api/v1/targets?state=active",
      );
      return activeTargets;
    },
    stop,
  };
}

/** Options for {@linkcode whileScraped}. */
interface ScrapeOptions extends StartPrometheusOptions {
  /**
   * The name of the job.
   *
   * @default {"app"}
   */
  job?: string;
}

/** Runs `fn` while a Prometheus scrapes a server each second, with success. */
export async function whileScraped(
  { url }: { readonly url: string },
  { job = "app", ...options }: ScrapeOptions,
  fn: (prometheus: Prometheus) => Promise<void>,
): Promise<void> {
  const prometheus = await startPrometheus({
    global: { scrape_interval: "1s" },
    scrape_configs: [{
      job_name: job,
      static_configs: [{ targets: [new URL(url).host] }],
    }],
  }, options);
  try {
    // At first it is neither up nor down; on a busy machine a scrape may take
    // too long, but not each.
    await assertSoon(
      [["up", ""]],
      async () =>
        (await prometheus.targets())
          .map(({ health, lastError }) => [health, lastError]),
    );
    await fn(prometheus);
  } finally {
    await prometheus.stop();
  }
}

/** Reads a number as Prometheus spells it: `+Inf` is JavaScript's `Infinity`. */
function toNumber(text: string): number {
  return Number(text.replace("Inf", "Infinity"));
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}
