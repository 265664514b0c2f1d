import { assert, assertEquals } from "@std/assert";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { platform } from "node:process";
import { runtimeName } from "../../../src/runtime/detect.ts";
import { test } from "../../_suite.ts";
import { waitUntil } from "../../_wait.ts";
import { ask, type Besieged, PROFILE, withBesieged } from "./_besieged.ts";

const HEAD = "GET /metrics HTTP/1.1\r\nHost: a\r\n";

/** Attacks by name; each yields its connections. */
const ATTACKS: Readonly<Record<string, (port: number) => Socket[]>> = {
  "200 requests in one packet": (port) => [
    stranger(port, `${HEAD}\r\n`.repeat(200)),
  ],
  "60 clients that read nothing": (port) =>
    Array.from({ length: 60 }, () => stranger(port, `${HEAD}\r\n`)),
  "2000 clients that say nothing": (port) =>
    Array.from({ length: 2000 }, () => stranger(port, "")),
  "40 requests at once": (port) =>
    Array.from({ length: 40 }, () => {
      const socket = stranger(port, `${HEAD}Accept-Encoding: br\r\n\r\n`);
      return socket.on("data", () => {});
    }),
};

function stranger(port: number, text: string): Socket {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  if (text !== "") socket.write(text);
  return socket;
}

/** Reads a line of what Linux tells of a process's memory, in bytes. */
async function memoryOf({ pid }: Besieged, line: string): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const [, kB] = new RegExp(`^${line}:\\s+(\\d+) kB$`, "m").exec(status)!;
  return Number(kB) * 1024;
}

/** The number of descriptors that a process has open. */
async function filesOf({ pid }: Besieged): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length;
}

/** How long an attack lasts, in seconds. */
const SECONDS = 5;

/** The part of memory that garbage takes until it is collected, in bytes. */
const SPARE = 64e6;

/**
 * How long all may take to be given back, in milliseconds: on `Bun.serve`, by which
 * there is no profile, the system hears late of some in a crowd.
 */
function givenBackMs(name: string): number {
  return runtimeName() === "bun" && !name.endsWith("profile") ? 20_000 : 10_000;
}

/** Attacks a server in each way, and fails if it is held up or grows. */
async function besiege(
  server: Besieged,
  name: string,
  answers: number,
): Promise<void> {
  let size = 0;
  // Until garbage is collected as often as it is made.
  for (let n = 0; n < 30; n++) {
    size = (await ask(server, "/metrics")).text.length;
  }
  for (const [attack, begin] of Object.entries(ATTACKS)) {
    const what = `${attack}, ${name}, ${runtimeName()}`;
    const files = await filesOf(server);
    const before = await memoryOf(server, "VmRSS");
    // Forgets the peak so far.
    await writeFile(`/proc/${server.pid}/clear_refs`, "5");
    const strangers = begin(server.port);
    // They are in this process: it has no time for an honest client.
    await waitUntil(
      60_000,
      "they have come",
      () => strangers.every(({ connecting }) => !connecting),
    );
    let longest = 0;
    for (let second = 0; second < SECONDS; second++) {
      const { status, text, ms } = await ask(server, "/metrics");
      assertEquals([status, text.length > size / 2], [200, true], what);
      longest = Math.max(longest, ms);
      await new Promise((resolve) => setTimeout(resolve, 1000 - ms));
    }
    const grown = await memoryOf(server, "VmHWM") - before;
    for (const each of strangers) each.destroy();
    const leftAt = performance.now();
    await waitUntil(givenBackMs(name), "all is given back", async () => {
      const name = "prometheus_async_scrapes_in_flight";
      const { text } = await ask(server, `/metrics?name[]=${name}`);
      const isAlone = /scrapes_in_flight 1$/m.test(text);
      return isAlone && await filesOf(server) <= files + 2;
    });
    const seconds = (performance.now() - leftAt) / 1000;
    console.log(
      `${what}: ${(grown / 1e6).toFixed(0)} MB more, ${
        (grown / size).toFixed(1)
      } answers; honest scrapes within ${
        longest.toFixed(0)
      } ms; given back in ` +
        `${seconds.toFixed(1)} s`,
    );
    const bound = answers * size + SPARE;
    assert(grown < bound, `${what}: ${grown} of ${bound} bytes`);
  }
}

const skip = platform === "linux" ? undefined : "only Linux tells the peaks";

for (const kind of ["main", "thread"]) {
  test(
    `a server on ${kind} withstands strangers by default`,
    { skip },
    () => withBesieged(kind, 60_000, {}, (server) => besiege(server, kind, 16)),
  );

  test(
    `a server on ${kind} withstands strangers with the profile`,
    { skip },
    () =>
      withBesieged(
        kind,
        60_000,
        PROFILE,
        (server) => besiege(server, `${kind}, profile`, 4),
      ),
  );
}
