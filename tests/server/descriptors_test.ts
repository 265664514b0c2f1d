import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { runtimeName } from "../../src/runtime/detect.ts";
import { startWithFiles } from "../_spawn.ts";
import { test } from "../_suite.ts";
import { waitUntil } from "../_wait.ts";

/** The lines of a program's output, as objects. */
function linesOf(stdout: string): Record<string, unknown>[] {
  return stdout.split("\n").slice(0, -1).map((line) => JSON.parse(line));
}

for (const kind of ["main", "thread"]) {
  test(`a server outlives a time without descriptors, on ${kind}`, async () => {
    const program = "tests/programs/besieged.ts";
    const running = startWithFiles(256, program, [kind, "10", "{}", "full"]);
    const valueOf = (name: string) =>
      linesOf(running.stdout).map((line) => line[name])
        .filter((value) => value !== undefined);
    try {
      await waitUntil(60_000, "it listens", () => valueOf("port").length > 0);
      const url = `http://127.0.0.1:${valueOf("port")[0]}/metrics`;
      const scrape = async () => {
        const signal = AbortSignal.timeout(5000);
        const headers = { connection: "close" };
        const response = await fetch(url, { signal, headers });
        return await response.text();
      };
      assertStringIncludes(await scrape(), "requests_total");
      await waitUntil(
        60_000,
        "there are none",
        () => valueOf("held").length > 0,
      );
      // Some runtimes refuse them, some keep one in reserve.
      for (let n = 0; n < 5; n++) await scrape().catch(() => {});
      await waitUntil(60_000, "there are some", () => valueOf("held")[1] === 0);
      await waitUntil(
        60_000,
        "it is scraped",
        () => scrape().then((text) => text !== "", () => false),
      );
      const errors = valueOf("error");
      // The others tell nobody that they drop clients.
      assertEquals(errors.length, runtimeName() === "deno" ? 1 : 0);
      for (const error of errors) {
        assertStringIncludes(String(error), "Cannot accept connections");
        assert(/ulimit -n/.test(String(error)), String(error));
      }
    } finally {
      await running.end("SIGKILL");
    }
  });
}
