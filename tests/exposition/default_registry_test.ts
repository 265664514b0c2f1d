import { assertEquals, assertMatch } from "@std/assert";
import { cp, realpath, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ROOT } from "../../tools/files.ts";
import { withFolder } from "../_folder.ts";
import { runProgram } from "../_spawn.ts";
import { test } from "../_suite.ts";

/** Copies of clients: each is a client of its own. */
const COPIES = {
  first: "prom-client",
  second: "@prometheus-io/client",
  third: "prom-client",
  later: "@prometheus-io/client",
  threaded: "prom-client",
};

/** No clients, though they look like some; code of theirs would print. */
const ODD: Readonly<Record<string, string>> = {
  "odd.js": `
    exports.Counter = class {};
    Object.defineProperty(exports, "register", {
      enumerable: true,
      get() { console.log("a getter ran"); },
    });`,
  "trap.js": `
    module.exports = new Proxy({ Counter: class {} }, {
      get() { console.log("a trap ran"); },
      getOwnPropertyDescriptor() { console.log("a trap ran"); },
    });`,
};

async function copyClients(folder: string): Promise<void> {
  for (const [name, client] of Object.entries(COPIES)) {
    const path = await realpath(join(ROOT, "node_modules", client));
    await cp(path, join(folder, name), { recursive: true });
    const packages = client.startsWith("@")
      ? dirname(dirname(path))
      : dirname(path);
    await symlink(packages, join(folder, name, "node_modules"));
  }
  for (const [name, source] of Object.entries(ODD)) {
    await writeFile(join(folder, name), source);
  }
}

test("the default registry is that of every client that is loaded, whenever it is", async () => {
  await withFolder(async (folder) => {
    await copyClients(folder);
    const { stdout } = await runProgram("tests/programs/default_clients.ts", [
      folder,
    ]);
    const { told, errors, ...seen } = JSON.parse(stdout);
    const three = ["first", "second", "third"];
    assertEquals(seen, {
      together: { copies: three, cpu: 1 },
      failures: false,
      later: { copies: [...three, "later"], cpu: 1 },
      threaded: [
        { copies: [...three, "later"], cpu: 1 },
        { copies: [...three, "later", "threaded"], cpu: 1 },
      ],
      inWorker: ["worker_total 1"],
    });
    // Each metric once, however many scrapes and copies have it.
    assertMatch(
      told[0],
      /several have those of process_cpu_user_seconds_total/,
    );
    assertEquals(
      told.filter((text: string) => /process_/.test(text)).length,
      1,
    );
    assertMatch(errors[0], /received undefined before a client is loaded/);
  });
});
