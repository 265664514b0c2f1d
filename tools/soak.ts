/**
 * Starts and closes a thousand servers on threads on each runtime, and prints how
 * the process grows: that must come to an end.
 *
 *     deno task soak [CYCLES]
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { ROOT } from "./files.ts";
import { findRuntime, RUNTIMES } from "./runtimes.ts";

const PROGRAM = "tests/programs/thread_cycles.ts";
const START = {
  deno: ["run", "-A", "--v8-flags=--expose-gc"],
  bun: [],
  node: ["--expose-gc"],
};
const [cycles = "1000"] = Deno.args;

for (const name of RUNTIMES) {
  const runtime = await findRuntime(name);
  console.log(
    `${name} ${runtime.version}, ${cycles} cycles in quarters, then five servers ` +
      "that are open:",
  );
  const args = [...START[name], PROGRAM, cycles];
  const child = spawn(runtime.path, args, { cwd: ROOT, stdio: "inherit" });
  const [code] = await once(child, "exit");
  if (code !== 0) Deno.exitCode = 1;
}
