/** Programs before which the preload runs. */
import { runtimeName } from "../../src/runtime/detect.ts";
import { freePorts } from "../_ports.ts";
import { type RunningProgram, startRuntime } from "../_spawn.ts";
import { waitUntil } from "../_wait.ts";

const PRELOAD = "./src/register/mod.ts";

/** The flags of this runtime that load the preload first. */
export const FLAGS: readonly string[] = {
  deno: ["run", "-A", "--preload", PRELOAD],
  bun: ["--preload", PRELOAD],
  node: ["--import", PRELOAD],
}[runtimeName()];

/** The flags of this runtime without a preload. */
export const PLAIN_FLAGS: readonly string[] = runtimeName() === "deno"
  ? ["run", "-A"]
  : [];

/** An application with the preload. */
export interface Preloaded {
  readonly program: RunningProgram;
  /** The port that its metrics are to be at. */
  readonly port: number;
  /** Waits for the port of the application's own server. */
  listening(): Promise<number>;
  /** Waits until the metrics are served; yields them. */
  scrape(): Promise<string>;
}

/** Options for {@linkcode withPreload}. */
interface Options {
  /** Variables without their prefix. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Those that load the preload, by default. */
  readonly flags?: readonly string[];
  /** Further variables of the environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs `fn` while a program runs, with the preload before it. */
export async function withPreload(
  [file, ...args]: readonly string[],
  { variables = {}, flags = FLAGS, env: further = {} }: Options,
  fn: (preloaded: Preloaded) => Promise<void>,
): Promise<void> {
  const [port] = await freePorts(1);
  const env = Object.fromEntries(
    Object.entries({ ADDR: "127.0.0.1", PORT: String(port), ...variables })
      .map(([name, value]) => [`PROMETHEUS_ASYNC_${name}`, value]),
  );
  const program = startRuntime([...flags, file, ...args], {
    ...env,
    ...further,
  });
  try {
    await fn({
      program,
      port,
      async listening() {
        const listens = () => /^\d+\n/.test(program.stdout);
        await waitUntil(60_000, "it listens", listens);
        return parseInt(program.stdout);
      },
      async scrape() {
        let text = "";
        await waitUntil(60_000, "metrics are served", async () => {
          const url = `http://127.0.0.1:${port}/metrics`;
          const response = await fetch(url).catch(() => undefined);
          text = await response?.text() ?? "";
          return response?.status === 200;
        });
        return text;
      },
    });
  } finally {
    await program.end("SIGKILL");
  }
}

/** The samples of a metric, without its name. */
export function samplesIn(text: string, name: string): string[] {
  return text.split("\n").filter((line) => line.startsWith(`${name}{`))
    .map((line) => line.slice(name.length)).sort();
}
