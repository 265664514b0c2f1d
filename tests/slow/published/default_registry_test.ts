/**
 * The default registry as users get it: from registries, with one permission, in
 * bundles, and as package managers install it.
 */
import { assertEquals } from "@std/assert";
import { build, type Format, stop } from "esbuild";
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { runtimeName } from "../../../src/runtime/detect.ts";
import { serveOnLoopback } from "../../../tools/loopback.ts";
import { startNpmRegistry } from "../../../tools/npm_registry.ts";
import { stdPackages } from "../../../tools/jsr_registry.ts";
import { writeNpmForm, writeNpmPackage } from "../../../tools/published.ts";
import { withFolder } from "../../_folder.ts";
import { DEADLINE_MS, test } from "../../_suite.ts";
import { createProject, type Project } from "./_project.ts";

const run = promisify(execFile);

const PACKAGE = "@prometheus-async/prometheus-async";
const CLIENTS = ["prom-client", "@prometheus-io/client"] as const;

/** Serves without `registry`, and prints whether a client's counter is there. */
const program = (client: string) => `
import { serverStats } from "${PACKAGE}/exposition";
import { Counter } from "${client}";

async function main() {
  new Counter({ name: "jobs_total", help: "Jobs" }).inc();
  const scrape = await serverStats(new Request("http://localhost/metrics"));
  console.log((await scrape.text()).includes("\\njobs_total 1\\n"));
}
main();
`;

/** The same from threads, one of them started without a turn of the event loop. */
const threaded = (client: string) => `
import {
  startHttpServerInThread,
  startHttpServerInThreadSync,
} from "${PACKAGE}/thread";
import { Counter } from "${client}";

new Counter({ name: "jobs_total", help: "Jobs" }).inc();
const options = { addr: "127.0.0.1" };
const first = await startHttpServerInThread(options);
const texts = [first, startHttpServerInThreadSync(options)].map(
  async ({ metricsUrl }) => await (await fetch(metricsUrl)).text(),
);
const found = await Promise.all(texts);
console.log(found.every((text) => text.includes("\\njobs_total 1\\n")));
`;

async function withProjects(
  fn: (project: Project, client: string) => Promise<void>,
): Promise<void> {
  for (const client of CLIENTS) {
    const project = await createProject({ client });
    try {
      await fn(project, client);
    } finally {
      await project.remove();
    }
  }
}

test("the published package serves the client that is loaded, without permission but for the network", async () => {
  await withProjects(async (project, client) => {
    for (const source of [program(client), threaded(client)]) {
      const output = await project.run(source, "--allow-net");
      assertEquals([client, output.trim()], [client, "true"]);
    }
  });
});

test("a program that Deno loads from a URL serves the client that it loads", {
  skip: runtimeName() === "deno"
    ? undefined
    : "only Deno loads programs from URLs",
}, async () => {
  await withProjects(async (project, client) => {
    await using server = await serveOnLoopback((_, response) => {
      response.setHeader("content-type", "text/javascript");
      response.end(threaded(client));
    });
    const source = `await import("${server.url}main.js");`;
    const output = await project.run(
      source,
      "--allow-net",
      "--allow-import",
    );
    assertEquals([client, output.trim()], [client, "true"]);
  });
});

/** Bundles the program in a folder; yields the file to be run. */
async function bundle(folder: string, format: Format): Promise<string> {
  const outfile = join(folder, format === "esm" ? "app.mjs" : "app.cjs");
  const { warnings } = await build({
    absWorkingDir: folder,
    entryPoints: ["main.mjs"],
    outfile,
    bundle: true,
    format,
    platform: "node",
    logLevel: "silent",
    ...format === "esm" && {
      banner: {
        js: 'import { createRequire } from "node:module";' +
          "const require = createRequire(import.meta.url);",
      },
    },
  });
  // An application need not have every client installed.
  assertEquals(warnings.filter(({ text }) => /prom/.test(text)), []);
  await stop();
  return outfile;
}

test("a bundle that Deno makes serves the client that is in it", {
  skip: runtimeName() === "deno" ? undefined : "only Deno has deno bundle",
}, async () => {
  await withProjects(async (project, client) => {
    const output = await project.bundle!(program(client), "-A");
    assertEquals([client, output.trim()], [client, "true"]);
  });
});

test("a bundle serves the client that is in it", {
  skip: runtimeName() === "deno"
    ? "these bundlers know nothing of JSR"
    : undefined,
}, async () => {
  await withProjects(async ({ folder }, client) => {
    await writeFile(join(folder, "main.mjs"), program(client));
    const files = [await bundle(folder, "esm"), await bundle(folder, "cjs")];
    if (runtimeName() === "bun") {
      const file = join(folder, "app.bun.mjs");
      const args = ["build", "main.mjs", "--target=bun", `--outfile=${file}`];
      await run(process.execPath, args, { cwd: folder });
      files.push(file);
    }
    for (const file of files) {
      const { stdout } = await run(process.execPath, [file], {
        timeout: DEADLINE_MS,
      });
      assertEquals([file, stdout.trim()], [file, "true"]);
    }
  });
});

/** Package managers that link packages, or keep them zipped, and what runs then. */
const MANAGERS: Readonly<Record<string, readonly [string, string]>> = {
  pnpm: ["npx -y pnpm@10 install --silent", "node main.mjs"],
  yarn: [
    "npx -y @yarnpkg/cli-dist@4 install",
    "npx -y @yarnpkg/cli-dist@4 node main.mjs",
  ],
};

for (const [manager, [install, start]] of Object.entries(MANAGERS)) {
  test(`a project that ${manager} has installed serves its clients`, {
    skip: runtimeName() === "node" ? undefined : "its packages are for Node",
  }, async () => {
    await withFolder(async (folder) => {
      const packages = [
        writeNpmForm,
        ...(await stdPackages()).map((each) => (path: string) =>
          writeNpmPackage(each, path)
        ),
      ];
      await using registry = await startNpmRegistry(
        join(folder, "packages"),
        packages,
      );
      const project = join(folder, "project");
      await mkdir(project);
      await writeProject(project, registry.url);
      const PATH = [dirname(process.execPath), process.env.PATH].join(
        delimiter,
      );
      const env = { ...process.env, PATH };
      const options = { cwd: project, env, timeout: DEADLINE_MS };
      await run("sh", ["-c", install], options);
      for (const client of CLIENTS) {
        await writeFile(join(project, "main.mjs"), program(client));
        const { stdout } = await run("sh", ["-c", start], options);
        assertEquals([client, stdout.trim()], [client, "true"]);
      }
    });
  });
}

async function writeProject(folder: string, registry: string): Promise<void> {
  const dependencies = {
    [PACKAGE]: "npm:@jsr/prometheus-async__prometheus-async@*",
    ...Object.fromEntries(CLIENTS.map((client) => [client, "*"])),
  };
  const files = {
    "package.json": JSON.stringify({ type: "module", dependencies }),
    ".npmrc": `@jsr:registry=${registry}\n`,
    "yarn.lock": "",
    ".yarnrc.yml": `nodeLinker: pnp
enableTelemetry: false
enableGlobalCache: false
enableImmutableInstalls: false
unsafeHttpWhitelist: ["127.0.0.1"]
npmScopes: { jsr: { npmRegistryServer: "${registry.replace(/\/$/, "")}" } }
`,
  };
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(folder, name), text);
  }
}
