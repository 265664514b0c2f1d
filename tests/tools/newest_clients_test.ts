import { assertEquals, assertThrows } from "@std/assert";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "../../tools/files.ts";
import { withVersions } from "../../tools/newest_clients.ts";
import { test } from "../_suite.ts";

const config = await readFile(join(ROOT, "deno.json"), "utf8");

test("withVersions() replaces the versions of these packages alone", () => {
  const versions = { "prom-client": "99.0.0-a", "@prometheus-io/client": "9" };
  const replaced = withVersions(config, new Map(Object.entries(versions)));
  const expected = JSON.parse(config);
  for (const [name, version] of Object.entries(versions)) {
    expected.imports[name] = `npm:${name}@${version}`;
  }
  assertEquals(JSON.parse(replaced), expected);
});

test("withVersions() refuses a package that is not imported", () => {
  assertThrows(
    () => withVersions(config, new Map([["prom-clients", "1.0.0"]])),
    Error,
    "Cannot replace version of prom-clients",
  );
});
