import { assertEquals, assertStringIncludes } from "@std/assert";
import { runtimeName } from "../../src/runtime/detect.ts";
import { type RunOptions, runRuntime } from "../_spawn.ts";
import { test } from "../_suite.ts";

const ONLY_NODE = {
  skip: runtimeName() === "node"
    ? undefined
    : "Deno and Bun run preloads in the main thread only",
};

const START = "./tests/programs/preload.ts";
const LOADER = "./tests/programs/loader.ts";

/** Runs a program that starts servers on threads; yields what it prints. */
async function run(
  flags: readonly string[],
  options: object = {},
  more?: RunOptions,
): Promise<string> {
  const program = "./tests/programs/preloaded.ts";
  const args = [...flags, program, JSON.stringify(options)];
  return (await runRuntime(args, more)).stdout;
}

test("a server's thread runs no preload of the application", async () => {
  const flags = {
    deno: ["run", "-A", "--preload"],
    bun: ["--preload"],
    node: ["--import"],
  }[runtimeName()];
  assertEquals(await run([...flags, START]), "thread 0\n200\n200\n");
});

for (
  const flags of [
    ["--require", START, "--title", "app", "--expose-gc"],
    ["-r", START, "--conditions", "app"],
    [`--import=${START}`, "--max-old-space-size=500", "--no-warnings"],
  ]
) {
  test(
    `a server's thread runs no preload beside ${flags.at(-1)}`,
    ONLY_NODE,
    async () => {
      assertEquals(await run(flags), "thread 0\n200\n200\n");
    },
  );
}

for (
  const options of [
    `--import ${START}`,
    `--expose-gc --import="${START}" --no-warnings -r ${START}`,
  ]
) {
  test(
    `a server's thread runs no preload of NODE_OPTIONS=${options}`,
    ONLY_NODE,
    async () => {
      const printed = await run([], {}, { env: { NODE_OPTIONS: options } });
      assertEquals(printed, "thread 0\n200\n200\n");
    },
  );
}

test(
  "a server's thread keeps the flags beside preloads",
  ONLY_NODE,
  async () => {
    const module = "data:text/javascript,import tls from 'node:tls';" +
      "console.log(tls.DEFAULT_MIN_VERSION, process.permission.has('child'));" +
      "export default { register: async () => null };";
    const flags = ["--permission", "--allow-worker", "--allow-fs-read=*"];
    const printed = await run(
      ["--import", START, "--tls-min-v1.3", ...flags],
      { serviceDiscovery: { module } },
    );
    const served = "TLSv1.3 false\n200\n";
    assertEquals(printed, `thread 0\n${served}${served}`);
  },
);

for (
  const options of [
    { entry: "app:entry" },
    { serviceDiscovery: { module: "app:discovery" } },
  ]
) {
  const name = Object.keys(options)[0];
  test(
    `a server's thread runs preloads that it needs for its ${name}`,
    ONLY_NODE,
    async () => {
      assertEquals(await run(["--import", LOADER], options), "200\n200\n");
    },
  );
}

test(
  "a server is refused on the thread of another one",
  ONLY_NODE,
  async () => {
    const flags = ["--import", LOADER, "--import", START];
    const printed = await run(flags, { entry: "app:entry" });
    const threads = printed.match(/thread \d/g);
    assertEquals(threads?.length, 2);
    assertStringIncludes(
      printed,
      "Cannot start metrics server: the server thread exited with code 1 before " +
        "the start was over",
    );
    assertStringIncludes(
      printed,
      "only if isMainThread of node:worker_threads",
    );
  },
);

test(
  "startHttpServerInThread() without Node's permission is a ThreadError",
  ONLY_NODE,
  async () => {
    const flags = ["--permission", "--allow-fs-read=*"];
    const printed = await run(flags);
    assertStringIncludes(printed, "ThreadError: Cannot start metrics server");
    assertStringIncludes(printed, "allow threads with --allow-worker");
  },
);
