/**
 * The suite's `test`: that of `node:test`, which tells the runner what becomes of
 * each test, and finds the servers that one leaves behind.
 */
import { appendFileSync } from "node:fs";
import process from "node:process";
import nodeTest from "node:test";
import { inspect } from "node:util";
import type { TestReport } from "../tools/test_report.ts";
import { listeningSockets } from "./_listening.ts";
import { PortTaken } from "./_ports.ts";

/** Options for {@linkcode test}. */
export interface TestOptions {
  /** The reason to skip the test; `undefined` runs it. */
  skip?: string;
}

type TestFunction = () => void | Promise<void>;

/** The runner's settings: where to report, and the tests that it wants. */
const { TEST_REPORT, TEST_ONLY = "null" } = process.env;

const only: string[] | null = JSON.parse(TEST_ONLY);
const names = new Set<string>();

/**
 * Declares a test.
 *
 * @throws {Error} If the file has a test of that name already.
 */
export function test(name: string, fn: TestFunction): void;
export function test(
  name: string,
  options: TestOptions,
  fn: TestFunction,
): void;
export function test(
  name: string,
  ...rest: [TestFunction] | [TestOptions, TestFunction]
): void {
  const [{ skip }, fn] = rest.length === 1 ? [{}, rest[0]] : rest;
  if (names.has(name)) throw new Error(`There are two tests named ${name}`);
  names.add(name);
  if (only?.includes(name) === false) return;
  if (skip !== undefined) {
    report({ name, state: "skipped", reason: skip });
    nodeTest(name, { skip }, () => {});
    return;
  }
  report({ name, state: "declared" });
  nodeTest(name, async () => {
    report({ name, state: "running" });
    try {
      await run(fn);
    } catch (error) {
      report({ name, state: "failed", reason: inspect(error) });
      throw error;
    }
    report({ name, state: "passed" });
  });
}

/** Tells the runner, if there is one, what has become of a test. */
export function report(line: TestReport): void {
  if (TEST_REPORT === undefined) return;
  appendFileSync(TEST_REPORT, `${JSON.stringify(line)}\n`);
}

/**
 * After how many milliseconds a test is taken to hang. The longest take 20 s on
 * an idle machine. The runner ends later than that what holds the event loop.
 */
export const DEADLINE_MS = 170_000;

/**
 * How many times 10 ms a closed server may take to be gone: threads end when they
 * get to run, and nobody waits for a server that was left.
 */
const TURNS = 500;

/** Runs a test's function, and fails it if it hangs or leaves a server behind. */
async function run(fn: TestFunction): Promise<void> {
  const deadline = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => deadline.reject(new Error(`It took more than ${DEADLINE_MS} ms`)),
    DEADLINE_MS,
  );
  let left: string[];
  try {
    await Promise.race([onFreePorts(fn), deadline.promise]);
  } finally {
    clearTimeout(timer);
    left = await socketsLeft();
  }
  if (left.length === 0) return;
  throw new Error(`It left a server listening: ${left.join(", ")}`);
}

/** Waits until a test's servers are gone, and yields those that stay. */
async function socketsLeft(): Promise<string[]> {
  // A turn at least, in which errors in the background are told.
  await new Promise((resolve) => setTimeout(resolve));
  for (let turn = 0; turn < TURNS && newSockets().length > 0; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const left = newSockets();
  // The tests that follow are not to blame.
  for (const socket of left) leftBehind.add(socket);
  // Or it would keep the process alive.
  if (left.length > 0) activeHandles().forEach((handle) => handle.unref?.());
  return left;
}

/** The sockets that earlier tests have left behind. */
const leftBehind = new Set<string>();

const newSockets = () =>
  listeningSockets().filter((socket) => !leftBehind.has(socket));

/** Runs a test's function, and once more if a port was another test's. */
async function onFreePorts(fn: TestFunction): Promise<void> {
  try {
    await fn();
  } catch (error) {
    if (!(error instanceof PortTaken)) throw error;
    await fn();
  }
}

/** The handles that keep Node alive; there is only one way to learn them. */
function activeHandles(): { unref?: () => void }[] {
  return (process as unknown as {
    _getActiveHandles(): { unref?: () => void }[];
  })._getActiveHandles();
}
