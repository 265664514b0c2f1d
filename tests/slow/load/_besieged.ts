/** A server in a process of its own, and an honest client of it. */
import { Buffer } from "node:buffer";
import { type Agent, get } from "node:http";
import { gunzipSync } from "node:zlib";
import type { StartHttpServerOptions } from "../../../src/server/mod.ts";
import { PUBLIC_PORT } from "../../_profile.ts";
import { startProgram } from "../../_spawn.ts";
import { waitUntil } from "../../_wait.ts";

/** A server under attack. */
export interface Besieged {
  readonly port: number;
  readonly pid: number;
}

/** The profile for a public port, for clients that ask by address. */
export const PROFILE: StartHttpServerOptions = {
  ...PUBLIC_PORT,
  hosts: undefined,
};

/** Runs `fn` with a server of `tests/programs/besieged.ts`. */
export async function withBesieged(
  kind: string,
  series: number,
  options: object,
  fn: (server: Besieged) => Promise<void>,
  slowMs = 0,
): Promise<void> {
  const running = startProgram("tests/programs/besieged.ts", [
    kind,
    String(series),
    JSON.stringify(options),
    String(slowMs),
  ], {});
  try {
    await waitUntil(
      60_000,
      "it listens",
      () => running.stdout.includes("port"),
    );
    await fn(JSON.parse(running.stdout.split("\n")[0]));
  } finally {
    await running.end("SIGKILL");
  }
}

/** An answer, and after how many milliseconds it came. */
export interface Answered {
  readonly status: number | undefined;
  readonly text: string;
  readonly ms: number;
}

/** Asks as Prometheus does, by a connection of its own or those of an agent. */
export function ask(
  { port }: Besieged,
  path: string,
  { headers = {}, agent = false, timeoutMs = 10_000 }: {
    headers?: Record<string, string>;
    agent?: Agent | false;
    timeoutMs?: number;
  } = {},
): Promise<Answered> {
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    const asked = get({
      port,
      path,
      headers: { "accept-encoding": "gzip", ...headers },
      agent,
      timeout: timeoutMs,
    }, (response) => {
      const chunks: Uint8Array[] = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.once("error", reject).once("end", () => {
        const ms = performance.now() - startedAt;
        const bytes = Buffer.concat(chunks);
        const isGzip = response.headers["content-encoding"] === "gzip";
        const text = (isGzip ? gunzipSync(bytes) : bytes).toString();
        resolve({ status: response.statusCode, text, ms });
      });
    });
    asked.once("error", reject).once(
      "timeout",
      () => asked.destroy(new Error(`It took ${timeoutMs} ms`)),
    );
  });
}
