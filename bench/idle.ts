/**
 * A server that nobody scrapes: the CPU time that its process takes in a second,
 * in nanoseconds.
 */
import { runBeside } from "./_beside.ts";
import { compare } from "./_harness.ts";

/** Runs a process of its own; yields its CPU time, in nanoseconds a second. */
async function idle(mode: string): Promise<number> {
  return Number(
    await runBeside(new URL("./_idle_process.ts", import.meta.url), mode),
  );
}

await compare([{
  name: "CPU time of an idle process, in a second",
  baseline: "without a server",
  cases: {
    "without a server": () => idle("alone"),
    "runtimeMetrics()": () => idle("runtime"),
    "startHttpServer()": () => idle("server"),
    "startHttpServerInThread()": () => idle("thread"),
  },
  check() {
    // Nothing but a number comes back, which each sample looks at.
  },
  async sample(run) {
    const ns = await run() as number;
    if (!(ns > 0)) throw new Error(`Cannot measure an idle process: ${ns} ns`);
    return ns;
  },
  maxRounds: 3,
}]);
