/** Load on servers by wrk, which must be in the `PATH`. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const execute = promisify(execFile);

/**
 * How long a request takes while a server has as many as it can answer, in
 * nanoseconds.
 *
 * @param connections How many requests there are at a time.
 * @param headers What they have: `Name: value`.
 */
export async function nsPerRequest(
  url: string,
  connections: number,
  headers: readonly string[] = [],
): Promise<number> {
  const printed = await wrk({ url, connections, seconds: 1, headers });
  if (/Non-2xx|Socket errors/.test(printed)) throw new Error(printed);
  return 1e9 / Number(/Requests\/sec: *([\d.]+)/.exec(printed)![1]);
}

/** How many seconds are timed, of which the fastest counts. */
const SECONDS = 3;

/**
 * Takes the fastest of some calls of {@linkcode nsPerRequest}: whatever a machine does
 * besides makes it slower.
 */
export async function fastest(run: () => unknown): Promise<number> {
  let ns = Infinity;
  for (let n = 0; n < SECONDS; n++) ns = Math.min(ns, await run() as number);
  return ns;
}

/** Requests at a pace, which a server that does not keep up slows down. */
export interface Pace {
  readonly connections: number;
  /** How long each connection waits after an answer, in milliseconds. */
  readonly pause: readonly [least: number, most: number];
  readonly seconds: number;
  /** The headers of the requests: `Name: value`. */
  readonly headers?: readonly string[];
}

/**
 * How long the slowest of a hundred requests takes that come at a pace, in
 * nanoseconds.
 */
export async function nsOfSlowest(url: string, pace: Pace): Promise<number> {
  const { connections, pause, seconds } = pace;
  const script = fileURLToPath(new URL("./_paced.lua", import.meta.url));
  const printed = await wrk({ url, script, args: pause, ...pace });
  const { requests, failed, p99 } = JSON.parse(
    printed.trimEnd().split("\n").at(-1)!,
  );
  const least = connections * seconds * 1000 / pause[1] / 2;
  if (failed > 0 || requests < least) throw new Error(printed);
  return p99 * 1000;
}

interface Load extends Omit<Pace, "pause"> {
  readonly url: string;
  readonly script?: string;
  /** The arguments of the script. */
  readonly args?: readonly number[];
}

/** Loads a server; yields what is printed. */
async function wrk(
  { url, connections, seconds, headers = [], script, args = [] }: Load,
): Promise<string> {
  const { stdout } = await execute("wrk", [
    "--threads",
    "1",
    "--connections",
    `${connections}`,
    "--duration",
    `${seconds}s`,
    ...headers.flatMap((header) => ["--header", header]),
    ...script === undefined ? [] : ["--script", script],
    url,
    ...args.length === 0 ? [] : ["--", ...args.map(String)],
  ]);
  return stdout;
}
