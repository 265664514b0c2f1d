import { assertEquals, assertStringIncludes } from "@std/assert";
import { build, stop } from "esbuild";
import { execFile } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { runtimeName } from "../../../src/runtime/detect.ts";
import { ROOT } from "../../../tools/files.ts";
import { clientName } from "../../_client.ts";
import { withFolder } from "../../_folder.ts";
import { test } from "../../_suite.ts";

const run = promisify(execFile);

test("an application in one minified file serves from a thread in another", async () => {
  await withFolder(async (folder) => {
    await build({
      absWorkingDir: ROOT,
      entryPoints: [
        { in: "tests/fixtures/bundled_app.ts", out: "app" },
        { in: "src/thread/worker/entry.ts", out: "thread-entry" },
      ],
      outdir: folder,
      bundle: true,
      minify: true,
      format: "esm",
      platform: "node",
      define: { "process.env.PROMETHEUS_CLIENT": `"${clientName}"` },
      // The clients are CommonJS, which asks for more than modules have.
      banner: {
        js: 'import { createRequire } from "node:module";' +
          "const require = createRequire(import.meta.url);",
      },
    });
    await stop();
    await writeFile(join(folder, "package.json"), '{ "type": "module" }');
    const permissions = runtimeName() === "deno" ? ["run", "-A"] : [];
    const app = [...permissions, join(folder, "app.js")];
    const options = { cwd: folder, timeout: 120_000 };
    const { stdout } = await run(process.execPath, app, options);
    assertEquals(stdout.trim(), "true true");

    // Without its module a thread cannot start, and says what is missing.
    await rm(join(folder, "thread-entry.js"));
    const failed = await run(process.execPath, app, options).then(
      () => "it ran",
      ({ stderr }) => stderr,
    );
    assertStringIncludes(failed, "thread-entry.js");
    assertStringIncludes(failed, "passes it as `entry`");
  });
});
