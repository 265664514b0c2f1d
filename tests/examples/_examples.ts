/** Runs the examples as `docs/use-cases.md` says that they are started. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { runtimeName } from "../../src/runtime/detect.ts";
import {
  type Output,
  type RunningProgram,
  runRuntime,
  startRuntime,
} from "../_spawn.ts";
import { waitUntil } from "../_wait.ts";

/** The project's folder. */
export const ROOT: string = join(import.meta.dirname!, "../..");

/** The page that shows the examples. */
export const USE_CASES: string = await readFile(
  join(ROOT, "docs/use-cases.md"),
  "utf8",
);

const COMMANDS = [...USE_CASES.matchAll(/```sh\n([^]*?)```/g)]
  .flatMap(([, lines]) => lines.trim().split("\n"));

const RUNTIMES = { deno: "Deno", bun: "Bun", node: "Node" };

/** Finds the commands that start an example, by the program that each runs. */
export function commandsOf(file: string): Map<string, string> {
  const commands = COMMANDS.filter((command) =>
    command.split(" ").includes(`examples/${file}`)
  );
  return new Map(commands.map((command) => [command.split(" ")[0], command]));
}

/** The reason that an example does not run here, if there is one. */
export function cannotRun(file: string): string | undefined {
  const commands = commandsOf(file);
  if (commands.has(runtimeName())) return undefined;
  const names = Object.entries(RUNTIMES)
    .filter(([program]) => commands.has(program))
    .map(([, name]) => name);
  return `the example is for ${names.join(" and ")}`;
}

/** The arguments that start an example with a runtime. */
function argumentsFor(file: string): string[] {
  const [, ...args] = commandsOf(file).get(runtimeName())!.split(" ");
  // It reads no port from the environment.
  return args[0] === "serve"
    ? ["serve", "--port", "0", ...args.slice(1)]
    : args;
}

/** Any port will do. */
const ENV = { PORT: "0" };

/** Runs an example to its end. */
export async function runExample(
  file: string,
  ...args: string[]
): Promise<Output> {
  return await runRuntime([...argumentsFor(file), ...args], { env: ENV });
}

/** In the line that a server prints: an example, `deno serve` or Bun. */
const ORIGIN = /(http:\/\/127\.0\.0\.1:\d+)\/?\n/;

/** Starts an example, waits until it listens, and ends it after `use`. */
export async function withServer(
  file: string,
  args: readonly string[],
  use: (origin: string, program: RunningProgram) => Promise<void>,
): Promise<void> {
  const program = startRuntime([...argumentsFor(file), ...args], ENV);
  try {
    const printed = () => ORIGIN.exec(program.stdout + program.stderr);
    await waitUntil(60_000, `${file} listens`, () => printed() !== null);
    await use(printed()![1], program);
  } finally {
    await program.end("SIGTERM");
  }
}

/** The samples in a scrape's text, of the metrics that are named, sorted. */
export function samplesOf(text: string, names: readonly string[]): string[] {
  return text.split("\n")
    .filter((line) => names.includes(line.split(/[{ ]/)[0]))
    .sort();
}
