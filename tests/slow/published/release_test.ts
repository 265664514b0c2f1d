/** The tarball that npm publishes, as package managers install it. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { execFile } from "node:child_process";
import {
  mkdir,
  readdir,
  readFile,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import ts from "typescript";
import { runtimeName } from "../../../src/runtime/detect.ts";
import { writeNpmRelease } from "../../../tools/npm_release.ts";
import { npm } from "../../../tools/npm.ts";
import {
  importsOf,
  readManifest,
  requireNoErrors,
} from "../../../tools/published.ts";
import { ROOT } from "../../../tools/files.ts";
import { withFolder } from "../../_folder.ts";
import { madeOnce } from "../../_made_once.ts";
import { freePorts } from "../../_ports.ts";
import { DEADLINE_MS, test } from "../../_suite.ts";

const run = promisify(execFile);

const PACKAGE = "@prometheus-async/prometheus-async";

/** The most that the tarball may weigh, in bytes. */
const MAX_BYTES = 250_000;

const skip = runtimeName() === "deno"
  ? "what npm publishes is for Bun and Node; Deno's users have JSR"
  : undefined;

/** Makes the tarball; yields its path, and the folder of what is in it. */
async function release(): Promise<{ tarball: string; folder: string }> {
  const made = await madeOnce("release", async (path) => {
    await writeNpmRelease(path);
    await npm(path, "pack", "--silent");
  });
  const name = (await readdir(made)).find((each) => each.endsWith(".tgz"))!;
  return { tarball: join(made, name), folder: made };
}

/** Runs a command in a project, with this runtime before others in the path. */
async function shell(
  project: string,
  command: string,
  cwd: string = project,
): Promise<string> {
  const PATH = [join(project, "bin"), process.env.PATH].join(delimiter);
  const { stdout } = await run("sh", ["-c", command], {
    cwd,
    env: { ...process.env, PATH, npm_config_prefer_offline: "true" },
    timeout: DEADLINE_MS,
  });
  return stdout;
}

/** Makes a project that has the tarball, and more. */
async function withProject(
  install: string,
  dependencies: Readonly<Record<string, string>>,
  fn: (folder: string) => Promise<void>,
): Promise<void> {
  const { tarball } = await release();
  await withFolder(async (folder) => {
    const all = { ...dependencies, [PACKAGE]: `file:${tarball}` };
    const manifest = { private: true, dependencies: all };
    await writeFile(join(folder, "package.json"), JSON.stringify(manifest));
    if (install.includes("yarn")) {
      await writeFile(join(folder, "yarn.lock"), "");
      await writeFile(
        join(folder, ".yarnrc.yml"),
        "enableTelemetry: false\nenableGlobalCache: false\n" +
          "enableImmutableInstalls: false\n",
      );
    }
    await mkdir(join(folder, "bin"));
    const runtime = runtimeName();
    for (const name of runtime === "bun" ? ["bun", "bunx"] : [runtime]) {
      await symlink(process.execPath, join(folder, "bin", name));
    }
    await shell(folder, install);
    await fn(folder);
  });
}

test("the tarball is small, needs nothing, and has all of its files", {
  skip,
}, async () => {
  const { tarball, folder } = await release();
  const { size } = await stat(tarball);
  assert(size <= MAX_BYTES, `${size} bytes`);
  const manifest = JSON.parse(
    await readFile(join(folder, "package.json"), "utf8"),
  );
  const { exports, dependencies, peerDependenciesMeta } = manifest;
  assertEquals(dependencies, undefined);
  assertEquals(peerDependenciesMeta, {
    "@prometheus-io/client": { optional: true },
    "hono": { optional: true },
    "prom-client": { optional: true },
  });
  const { exports: all } = await readManifest();
  assertEquals(Object.keys(exports), [...Object.keys(all), "./package.json"]);
  const paths = await readdir(folder, { recursive: true });
  for (const path of paths) {
    if (!/\.(js|d\.ts)$/.test(path)) continue;
    const source = await readFile(join(folder, path), "utf8");
    for (const { fileName } of importsOf(source)) {
      if (/^node:/.test(fileName)) continue;
      if (Object.hasOwn(peerDependenciesMeta, fileName)) continue;
      const target = join(dirname(path), fileName);
      const file = path.endsWith(".d.ts")
        ? target.replace(/\.js$/, ".d.ts")
        : target;
      assert(paths.includes(file), `${path} imports ${fileName}`);
    }
    if (!path.endsWith(".js") || path.startsWith("vendor")) continue;
    const map = JSON.parse(await readFile(join(folder, `${path}.map`), "utf8"));
    assertEquals(map.sources.length, 1);
    // Of a module with a top-level `await` there is no `require()`.
    assert(!/^await |^(const|let|var|export)[^(]*= await /m.test(source), path);
  }
});

test(
  "the tarball's declarations compile strictly, with Node's types or a browser's",
  {
    skip,
  },
  async () => {
    await withProject("npm install --silent", {
      "@types/node": "22.20.7",
      "hono": "4.13.19",
      "prom-client": "15.1.3",
    }, async (folder) => {
      const { exports } = await readManifest();
      const imports = Object.keys(exports).map((entry, n) =>
        `export * as entry${n} from "${PACKAGE}${entry.slice(1)}";\n`
      );
      const file = join(folder, "main.mts");
      await writeFile(file, imports.join(""));
      const { ESNext, NodeNext } = ts.ModuleKind;
      for (
        const [module, moduleResolution] of [
          [ESNext, ts.ModuleResolutionKind.Bundler],
          [NodeNext, ts.ModuleResolutionKind.NodeNext],
        ] as const
      ) {
        for (
          const libraries of [
            { lib: ["lib.esnext.d.ts"], types: ["node"] },
            { lib: ["lib.esnext.d.ts", "lib.dom.d.ts"], types: [] },
          ]
        ) {
          requireNoErrors(ts.getPreEmitDiagnostics(ts.createProgram([file], {
            module,
            moduleResolution,
            strict: true,
            noEmit: true,
            skipLibCheck: false,
            target: ts.ScriptTarget.ESNext,
            typeRoots: [join(folder, "node_modules/@types")],
            ...libraries,
          })));
        }
      }
    });
  },
);

/** Serves without a client, and prints what it is told. */
const WITHOUT_CLIENT = `
const { serverStats } = require("${PACKAGE}");
serverStats(new Request("http://localhost/metrics"))
  .then((response) => console.log(response.status));
`;

for (const client of ["prom-client", "@prometheus-io/client"]) {
  test(`a project with only ${client} gets no other client`, {
    skip,
  }, async () => {
    const version = client === "prom-client" ? "15.1.3" : "0.16.1";
    await withProject(
      "npm install --silent",
      { [client]: version },
      async (folder) => {
        const installed = await readdir(join(folder, "node_modules"));
        const hasScope = installed.includes("@prometheus-io");
        assertEquals(
          [installed.includes("prom-client"), hasScope],
          [client === "prom-client", client !== "prom-client"],
        );
        assert(!installed.includes("undici") && !installed.includes("hono"));
      },
    );
  });
}

test("a project without a client is told which to add", {
  skip,
}, async () => {
  await withProject("npm install --silent", {}, async (folder) => {
    const file = join(folder, "main.cjs");
    await writeFile(file, WITHOUT_CLIENT);
    const { stdout, stderr } = await run(process.execPath, [file]);
    assertEquals(stdout, "200\n");
    assertStringIncludes(stderr, "add prom-client or @prometheus-io/client");
  });
});

/** The ways to install, and to run a program then. */
const MANAGERS: Readonly<Record<string, readonly [string, string]>> = {
  "npm": ["npm install --silent", "node"],
  "pnpm": ["npx -y pnpm@10 install --silent", "node"],
  "yarn 1": ["npx -y yarn@1 install --silent --ignore-engines", "node"],
  "yarn 4": [
    "npx -y @yarnpkg/cli-dist@4 install",
    "npx -y @yarnpkg/cli-dist@4 node",
  ],
  "bun": ["bun install --silent", "bun"],
  "npm, for Deno,": [
    "npm install --silent",
    "deno run -A --node-modules-dir=manual",
  ],
};

const imports = (names: string, path: string) =>
  [
    [`import { ${names} } from "${PACKAGE}${path}";`, "mjs"],
    [`const { ${names} } = require("${PACKAGE}${path}");`, "cjs"],
  ] as const;

/** Programs that print `true`, as modules and with `require()`. */
const PROGRAMS: readonly (readonly [string, string, string])[] = [
  [
    "time",
    "",
    `const seen = [];
    const wait = time({ observe: (seconds) => seen.push(seconds) })(
      () => new Promise((resolve) => setTimeout(resolve, 20)));
    wait().then(() => console.log(seen[0] > 0.01));`,
  ],
  [
    "startHttpServerInThread",
    "/thread",
    `async function main() {
      const client = await import("prom-client");
      const { Counter } = client.default;
      new Counter({ name: "jobs_total", help: "Jobs" }).inc();
      const server = await startHttpServerInThread({ addr: "127.0.0.1" });
      const text = await (await fetch(server.metricsUrl)).text();
      await server.close();
      console.log(text.includes("\\njobs_total 1\\n"));
    }
    main();`,
  ],
  [
    "metricsListener, middleware",
    "/node",
    `async function main() {
      const { default: express } = await import("express");
      const { default: { Registry } } = await import("prom-client");
      const registry = new Registry();
      const app = express();
      app.use(middleware({ registry }));
      app.get("/metrics", metricsListener({ registry }));
      app.get("/users/:id", (_, response) => response.send("hello"));
      const server = app.listen(0, "127.0.0.1", async () => {
        const url = "http://127.0.0.1:" + server.address().port;
        await (await fetch(url + "/users/1")).text();
        const text = await (await fetch(url + "/metrics")).text();
        server.closeAllConnections?.();
        server.close();
        console.log(text.includes('route="/users/:id",status="200"} 1'));
      });
    }
    main();`,
  ],
  [
    "metrics, prometheus",
    "/hono",
    `async function main() {
      const { Hono } = await import("hono");
      const { default: { Registry } } = await import("prom-client");
      const registry = new Registry();
      const app = new Hono();
      app.use(prometheus({ registry }));
      app.get("/metrics", metrics({ registry }));
      app.get("/users/:id", (c) => c.text("hello"));
      await (await app.request("/users/1")).text();
      await new Promise((resolve) => setTimeout(resolve, 50));
      const text = await (await app.request("/metrics")).text();
      console.log(text.includes('route="/users/:id",status="200"} 1'));
    }
    main();`,
  ],
];

for (const [manager, [install, start]] of Object.entries(MANAGERS)) {
  const runtime = /^(deno|bun)/.exec(start)?.[0] ?? "node";
  test(
    `what ${manager} has installed of the tarball runs, as modules and with require()`,
    {
      skip: runtime === runtimeName() ? undefined : "another runtime's",
    },
    async () => {
      const dependencies = {
        "express": "5.3.0",
        "hono": "4.13.19",
        "prom-client": "15.1.3",
      };
      await withProject(install, dependencies, async (folder) => {
        for (const [names, path, body] of PROGRAMS) {
          for (const [statement, extension] of imports(names, path)) {
            const file = `main.${extension}`;
            await writeFile(join(folder, file), `${statement}\n${body}\n`);
            const printed = await shell(folder, `${start} ${file}`);
            assertEquals([manager, path, file, printed.trim()], [
              manager,
              path,
              file,
              "true",
            ]);
          }
        }
      });
    },
  );
}

/** Waits for the metrics of a preload, and prints whether they are the runtime's. */
const PRELOADED = `
const url = "http://127.0.0.1:" + process.env.PROMETHEUS_ASYNC_PORT + "/metrics";
async function main() {
  for (;;) {
    const response = await fetch(url).catch(() => undefined);
    const text = await response?.text();
    if (text) return console.log(text.includes("runtime_info"));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
main().then(() => process.exit());
`;

/** The value of `NODE_OPTIONS` that the documentation has. */
async function documentedOptions(folder: string): Promise<string> {
  const page = await readFile(join(ROOT, "docs/zero-lines.md"), "utf8");
  const [, options] = /^ENV NODE_OPTIONS="(.*)"$/m.exec(page)!;
  return options.replace("/opt/metrics", folder);
}

test("the preload is loaded from the tarball as the documentation says", async () => {
  await withProject("npm install --silent", {}, async (folder) => {
    const elsewhere = join(folder, "elsewhere");
    await mkdir(elsewhere);
    await writeFile(join(elsewhere, "main.cjs"), PRELOADED);
    const [port] = await freePorts(1);
    const env = `PROMETHEUS_ASYNC_ADDR=127.0.0.1 PROMETHEUS_ASYNC_PORT=${port}`;
    const name = `${PACKAGE}/register`;
    const commands = {
      node: `NODE_OPTIONS="${await documentedOptions(folder)}" node main.cjs`,
      bun: `bun --preload ${name} main.cjs`,
      deno:
        `deno run -A --node-modules-dir=manual --preload npm:${name} main.cjs`,
    };
    const command = `${env} ${commands[runtimeName()]}`;
    assertEquals(await shell(folder, command, elsewhere), "true\n");
  });
});
