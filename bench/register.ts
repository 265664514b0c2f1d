/**
 * The preload, before applications that nobody touched: the throughput of their
 * requests, and the time from the start of a process to its first answer.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { runtimeName } from "../src/runtime/detect.ts";
import { compare, type Comparison } from "./_harness.ts";
import { packageFolder } from "./_package_folder.ts";
import { onDemand } from "./_server.ts";
import { fastest, nsPerRequest } from "./_wrk.ts";

const PROGRAM = fileURLToPath(new URL("./_untouched.mjs", import.meta.url));

const WITHOUT = "without";
const WITH = "with the preload";

const runtime = runtimeName();

/** The package as a user has it. */
const own = packageFolder();

/** The flags that load the preload, or not. */
async function flagsOf(name: string): Promise<string[]> {
  const start = runtime === "deno" ? ["run", "-A"] : [];
  if (name === WITHOUT) return start;
  const flag = { deno: "--preload", bun: "--preload", node: "--import" };
  const extension = runtime === "deno" ? "ts" : "js";
  const path = join(await own, `src/register/mod.${extension}`);
  const module = runtime === "bun" ? path : pathToFileURL(path).href;
  return [...start, flag[runtime], module];
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** An application that runs. */
interface Started {
  readonly url: string;
  /** From the start of its process to its first answer, in milliseconds. */
  readonly ms: number;
  /** The port of its metrics, with the preload. */
  readonly port: number;
  end(): void;
}

/** Starts an application, which ends with this process. */
async function start(framework: string, name: string): Promise<Started> {
  const port = await freePort();
  const args = [...await flagsOf(name), PROGRAM, framework];
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      ...process.env,
      PROMETHEUS_ASYNC_ADDR: "127.0.0.1",
      PROMETHEUS_ASYNC_PORT: String(port),
    },
  });
  const end = () => void child.kill("SIGKILL");
  process.once("exit", end);
  const [line] = await once(createInterface(child.stdout), "line");
  return { ...JSON.parse(line), port, end };
}

/** The ports of the metrics, by the names of the applications. */
const ports = new Map<string, number>();

const FRAMEWORKS = ["express", "fastify"];

const urlOf = onDemand(Object.fromEntries(
  FRAMEWORKS.flatMap((framework) =>
    [WITHOUT, WITH].map((name) => [
      `${framework} ${name}`,
      async () => {
        const { url, port } = await start(framework, name);
        ports.set(`${framework} ${name}`, port);
        return url;
      },
    ])
  ),
));

/** How many requests there are at a time. */
const CONNECTIONS = 32;

/** How often metrics are asked for, a tenth of a second apart, until they are served. */
const TRIES = 300;

async function scraped(port: number): Promise<string> {
  for (let n = 0; n < TRIES; n++) {
    const url = `http://127.0.0.1:${port}/metrics`;
    const response = await fetch(url).catch(() => undefined);
    if (response !== undefined) return await response.text();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("no metrics are served");
}

function throughput(framework: string): Comparison {
  return {
    name: `requests to ${framework}, with the preload and without`,
    baseline: WITHOUT,
    cases: Object.fromEntries(
      [WITHOUT, WITH].map((name) => [
        name,
        async () =>
          nsPerRequest(await urlOf(`${framework} ${name}`), CONNECTIONS),
      ]),
    ),
    /** It counts what it is there to count. */
    async check(name, run) {
      await run();
      if (name === WITHOUT) return;
      const text = await scraped(ports.get(`${framework} ${name}`)!);
      const isCounted = text.includes('route="/users/:id",status="200"');
      // Bun does not tell of requests.
      if (!isCounted && runtime !== "bun") throw new Error(text);
    },
    sample: fastest,
  };
}

async function nsToAnswer(name: string): Promise<number> {
  const { ms, end } = await start("http", name);
  end();
  return ms * 1e6;
}

await compare([
  ...FRAMEWORKS.map(throughput),
  {
    name: "time to the first answer of a server of node:http",
    baseline: WITHOUT,
    cases: Object.fromEntries(
      [WITHOUT, WITH].map((name) => [name, () => nsToAnswer(name)]),
    ),
    async check(name, run) {
      if (!(await run() as number > 0)) throw new Error(`${name}: no time`);
    },
    sample: async (run) => await run() as number,
  },
]);
