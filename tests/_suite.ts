/** The suite's `test`: that of `node:test`, with skips that tell their reason. */
import process from "node:process";
import nodeTest from "node:test";
import { PortTaken } from "./_ports.ts";

/** Options for {@linkcode test}. */
export interface TestOptions {
  /** The reason to skip the test; `undefined` runs it. */
  skip?: string;
  /**
   * After how many milliseconds the test is taken to hang.
   *
   * @default {240000}
   */
  deadline?: number;
}

/**
 * Declares a test.
 *
 * Of the runners' reports only Node's has the reason of a skip, so it is put
 * into the name, in the words of the Test Anything Protocol.
 */
export function test(name: string, fn: () => void | Promise<void>): void;
export function test(
  name: string,
  options: TestOptions,
  fn: () => void | Promise<void>,
): void;
export function test(
  name: string,
  ...rest:
    | [() => void | Promise<void>]
    | [TestOptions, () => void | Promise<void>]
): void {
  const [options, fn] = rest.length === 1 ? [{}, rest[0]] : rest;
  const { skip, deadline = DEADLINE_MS } = options as TestOptions;
  if (skip === undefined) nodeTest(name, () => run(fn, deadline));
  else nodeTest(`${name} # SKIP ${skip}`, { skip }, () => {});
}

/**
 * A test that takes longer than this hangs, unless it says otherwise: the longest
 * take a tenth of it where nothing else runs.
 */
const DEADLINE_MS = 240_000;

/** Runs a test's function, and fails it if it hangs or leaves a server behind. */
async function run(
  fn: () => void | Promise<void>,
  ms: number,
): Promise<void> {
  const deadline = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => deadline.reject(new Error(`The test took more than ${ms} ms`)),
    ms,
  );
  try {
    await Promise.race([onFreePorts(fn), deadline.promise]);
  } finally {
    clearTimeout(timer);
  }
  // A server that was closed is listed until the event loop has turned.
  for (let turn = 0; isServerListed(); turn++) {
    if (turn === 50) {
      // Or it would keep the process alive, and the report would be lost.
      for (const handle of activeHandles()) handle.unref?.();
      throw new Error("The test left a server listening");
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Runs a test's function, and once more if a port was another test's. */
async function onFreePorts(fn: () => void | Promise<void>): Promise<void> {
  try {
    await fn();
  } catch (error) {
    if (!(error instanceof PortTaken)) throw error;
    await fn();
  }
}

/** Whether a server listens; of the runtimes only Node can tell. */
function isServerListed(): boolean {
  const resources: string[] = process.getActiveResourcesInfo();
  return resources.includes("TCPServerWrap");
}

/** What keeps Node alive, by the one way there is to learn it. */
function activeHandles(): { unref?: () => void }[] {
  return (process as unknown as {
    _getActiveHandles(): { unref?: () => void }[];
  })._getActiveHandles();
}
