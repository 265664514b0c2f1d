import { assertEquals } from "@std/assert";
import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { runtimeName } from "../../../src/runtime/detect.ts";
import { ROOT } from "../../../tools/files.ts";
import { createProject } from "./_project.ts";
import { test } from "../../_suite.ts";

const run = promisify(execFile);

/** A program of a user, which has the package from where it is published. */
const PROGRAM = `
import {
  startHttpServerInThread, startHttpServerInThreadSync, ThreadError,
} from "@prometheus-async/prometheus-async/thread";
import * as root from "@prometheus-async/prometheus-async";
import { Counter, Registry } from "prom-client";

const registry = new Registry();
const jobs = new Counter({ name: "jobs_total", help: "Jobs", registers: [registry] });
const options = { addr: "127.0.0.1", registry };
const server = await startHttpServerInThread(options);
const scraped = fetch(server.metricsUrl);
const end = performance.now() + 300;
while (performance.now() < end) jobs.inc();
await scraped.then((response) => response.text());
const text = await fetch(server.metricsUrl).then((response) => response.text());
await server.close();
const sync = startHttpServerInThreadSync(options);
sync.closeSync();
const [counted] = (await jobs.get()).values;
console.log([
  root.startHttpServerInThread === startHttpServerInThread,
  root.ThreadError === ThreadError,
  text.includes("\\njobs_total " + counted?.value + "\\n"),
  sync.socket.port > 0,
].join(" "));
`;

/** An application as docs/thread.md has it bundled. */
const BUNDLED = PROGRAM.replace(
  'addr: "127.0.0.1", registry }',
  'addr: "127.0.0.1", registry, entry: new URL("./thread-entry.js", import.meta.url) }',
);

/** Bundles it by the page's command; yields what is to be run. */
async function bundle(folder: string): Promise<string> {
  const page = await readFile(join(ROOT, "docs/thread.md"), "utf8");
  const [, command] = /```sh\n(esbuild [^]*?)```/.exec(page)!;
  await mkdir(join(folder, "src"));
  await writeFile(join(folder, "src/app.ts"), BUNDLED);
  const bin = join(ROOT, "node_modules/.bin");
  await run("sh", ["-c", command], {
    cwd: folder,
    env: { ...process.env, PATH: `${bin}:${process.env.PATH}` },
  });
  return join(folder, "dist/app.js");
}

test("the published package serves from a thread, with the permissions that are documented", async () => {
  const project = await createProject();
  try {
    await project.check(PROGRAM);
    const output = await project.run(PROGRAM, "--allow-net");
    assertEquals(output.trim(), "true true true true");
    // Bundlers know nothing of JSR.
    if (runtimeName() === "deno") return;
    const bundled = await bundle(project.folder);
    const { stdout } = await run(process.execPath, [bundled]);
    assertEquals(stdout.trim(), "true true true true");
  } finally {
    await project.remove();
  }
});

/** Why `deno compile` cannot be run. */
const withoutCompile = runtimeName() !== "deno"
  ? "only Deno makes programs of one file"
  : process.env.DENORT_BIN === undefined
  ? "deno compile needs Deno's base binary: name one in DENORT_BIN"
  : undefined;

test("a program made by deno compile serves from a thread", {
  skip: withoutCompile,
}, async () => {
  const project = await createProject();
  try {
    const entry = "@prometheus-async/prometheus-async/thread-entry";
    const program = `import "${entry}";\n${PROGRAM}`;
    const output = await project.compile!(program, "--allow-net");
    assertEquals(output.trim(), "true true true true");
  } finally {
    await project.remove();
  }
});
