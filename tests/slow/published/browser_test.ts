import { assert, assertEquals } from "@std/assert";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { browserMissing, findBrowser } from "../../../tools/browser.ts";
import { writeNpmForm } from "../../../tools/published.ts";
import { test } from "../../_suite.ts";

const PAGE = `<!doctype html><output>nothing</output>
<script type="module">
import { countExceptions, time, trackInprogress } from "/src/wrappers/mod.js";
const seen = [];
const note = (name) => () => seen.push(name);
const fn = time({ observe: note("observe") })(
  countExceptions({ inc: note("inc") })(
    trackInprogress({ inc: note("up"), dec: note("down") })(async () => {
      throw new Error("no");
    }),
  ),
);
await fn().catch(note("caught"));
document.querySelector("output").textContent = seen.join();
</script>`;

test(
  "the wrappers run in a browser, without anything but themselves",
  { skip: browserMissing() },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "prometheus-async-browser-"));
    const paths: string[] = [];
    const server = createServer(async (request, response) => {
      const path = new URL(request.url!, "http://localhost").pathname;
      paths.push(path);
      const type = path === "/" ? "text/html" : "text/javascript";
      const body = path === "/"
        ? PAGE
        : await readFile(join(folder, path)).catch(() => undefined);
      response.writeHead(body === undefined ? 404 : 200, {
        "content-type": type,
      }).end(body);
    });
    await new Promise<void>((resolve) =>
      server.listen(0, "127.0.0.1", () => resolve())
    );
    try {
      await writeNpmForm(folder);
      const { port } = server.address() as AddressInfo;
      const { stdout } = await promisify(execFile)(findBrowser()!, [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        `--user-data-dir=${join(folder, ".profile")}`,
        "--virtual-time-budget=10000",
        "--dump-dom",
        `http://127.0.0.1:${port}/`,
      ], { timeout: 120_000 });
      const output = /<output>(.*)<\/output>/.exec(stdout)?.[1];
      assertEquals(output, "up,down,inc,observe,caught");
      const modules = paths.filter((path) => path.endsWith(".js"));
      assert(modules.includes("/src/wrappers/instrument.js"));
      for (const path of modules) {
        assert(/^\/src\/(base|wrappers)\/\w+\.js$/.test(path), path);
      }
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, maxRetries: 3 });
    }
  },
);
