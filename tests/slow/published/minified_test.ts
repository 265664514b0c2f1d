import { assertEquals } from "@std/assert";
import { build, stop } from "esbuild";
import { createRequire } from "node:module";
import { join } from "node:path";
import type * as promClient from "prom-client";
import { storageOf } from "../../../src/clients/storage.ts";
import type { RegisteredMetric } from "../../../src/types.ts";
import { ROOT } from "../../../tools/files.ts";
import { clientName } from "../../_client.ts";
import { withFolder } from "../../_folder.ts";
import { live } from "../../live/_live.ts";
import { test } from "../../_suite.ts";

test("metrics of a minified client are known, and live", async () => {
  await withFolder(async (folder) => {
    const outfile = join(folder, "client.cjs");
    await build({
      stdin: {
        contents: `module.exports = require("${clientName}")`,
        resolveDir: ROOT,
      },
      outfile,
      bundle: true,
      minify: true,
      format: "cjs",
      platform: "node",
    });
    await stop();
    const minified: typeof promClient = createRequire(outfile)(outfile);
    const registry = new minified.Registry();
    const options = { help: "h", registers: [registry] };
    const metrics = [
      new minified.Counter({ name: "c", ...options }),
      new minified.Gauge({ name: "g", labelNames: ["a"], ...options }),
      new minified.Histogram({ name: "h", ...options }),
    ] as const;
    const { mirror, families } = live(registry);
    metrics[0].inc(2);
    metrics[1].set({ a: "1" }, 3);
    metrics[2].observe(4);
    const values = families().map((family) => Array.from(family.values));
    assertEquals(values.map((each) => each.at(-1)), [2, 3, 4]);
    assertEquals(mirror.notLive, []);
    mirror.close();
    for (const metric of metrics) {
      const storage = storageOf(metric as unknown as RegisteredMetric);
      assertEquals(storage?.name, clientName);
    }
  });
});
