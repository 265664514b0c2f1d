/** Holds what `docs/limits.md` says of several processes behind one port. */
import { assertEquals } from "@std/assert";
import { runtimeName } from "../../src/runtime/detect.ts";
import { curl } from "../_curl.ts";
import { freePorts } from "../_ports.ts";
import type { ClusterReport } from "../programs/cluster_server.ts";
import { runProgram, startRuntime } from "../_spawn.ts";
import { test } from "../_suite.ts";
import { waitUntil } from "../_wait.ts";

const runtime = runtimeName();

const REQUESTS = 20;

/** Two, on whatever machine. */
const ENV = { DENO_JOBS: "2", NO_COLOR: "1" };

const SERVE = ["serve", "-A", "--parallel", "--host", "127.0.0.1", "--port=0"];

/** Starts `deno serve --parallel`, and ends it after `use`. */
async function withParallel(
  use: (origin: string, metricsUrls: string[]) => Promise<void>,
): Promise<void> {
  const program = startRuntime(
    [...SERVE, "tests/programs/parallel_server.ts"],
    ENV,
  );
  const urlsOf = (pattern: RegExp) =>
    [...(program.stdout + program.stderr).matchAll(pattern)]
      .map(([, url]) => url);
  try {
    let origins: string[] = [];
    let metricsUrls: string[] = [];
    await waitUntil(60_000, "two threads listen", () => {
      origins = urlsOf(/Listening on (http:\S+)\/ with 2 threads\n/g);
      metricsUrls = urlsOf(/Metrics of a thread: (http:\S+)\n/g);
      return origins.length === 1 && metricsUrls.length === 2;
    });
    for (let n = 0; n < REQUESTS; n++) await curl(`${origins[0]}/`);
    await use(origins[0], metricsUrls);
  } finally {
    await program.end("SIGTERM");
  }
}

/** The counts in a scrape, by thread. */
async function countsOf(metricsUrl: string): Promise<Map<string, number>> {
  const { body } = await curl(metricsUrl);
  return new Map(
    [...body.matchAll(/^requests_total\{thread="(.*)"\} (\d+)$/gm)]
      .map(([, thread, count]) => [thread, Number(count)]),
  );
}

const withoutParallel = runtime === "deno"
  ? undefined
  : "only Deno has deno serve";

test(
  "a scrape through the port of deno serve --parallel sees one of its threads",
  {
    skip: withoutParallel,
  },
  async () => {
    await withParallel(async (origin) => {
      const seen = new Map<string, number>();
      await waitUntil(60_000, "both threads were scraped", async () => {
        const counts = await countsOf(`${origin}/metrics`);
        assertEquals(counts.size, 1);
        for (const [thread, count] of counts) seen.set(thread, count);
        return seen.size === 2;
      });
      const [first, second] = seen.values();
      assertEquals(first + second, REQUESTS);
    });
  },
);

test(
  "threads of deno serve --parallel are scraped one by one at ports of their own",
  {
    skip: withoutParallel,
  },
  async () => {
    await withParallel(async (_origin, metricsUrls) => {
      const [first, second] = await Promise.all(metricsUrls.map(countsOf));
      assertEquals(new Map([...first, ...second]).size, 2);
      const counts = [...first.values(), ...second.values()];
      assertEquals(counts.reduce((sum, count) => sum + count), REQUESTS);
    });
  },
);

let report: Promise<ClusterReport> | undefined;

/** The observations of the program with a cluster; it runs once for all tests. */
function clusterReport(): Promise<ClusterReport> {
  return report ??= runCluster();
}

async function runCluster(): Promise<ClusterReport> {
  const ports = (await freePorts(3)).map(String);
  const program = "tests/programs/cluster_server.ts";
  const { stdout } = await runProgram(program, ports);
  return JSON.parse(stdout);
}

/** The counts of the two workers. */
const COUNTED = ["jobs_total 1", "jobs_total 2"];

test("a scrape through a port that workers of node:cluster share sees one of them", async () => {
  const { shared } = await clusterReport();
  assertEquals(shared, COUNTED);
});

test("workers of node:cluster are scraped one by one at ports that they are given", async () => {
  const { own } = await clusterReport();
  assertEquals(own, COUNTED);
});

test("an AggregatorRegistry adds up what the workers of node:cluster count", async () => {
  const { added } = await clusterReport();
  assertEquals(added, ["jobs_total 3"]);
});

test("workers of node:cluster that ask for a free port get one each", async () => {
  const { free } = await clusterReport();
  assertEquals(new Set(free).size, 4);
});

test("workers of node:cluster do not share a port that each asks for", async () => {
  const { taken } = await clusterReport();
  assertEquals(taken, ["EADDRINUSE", "EADDRINUSE"]);
});
