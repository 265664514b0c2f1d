/** Requests to an application, and all of its answers that a client sees. */
import { assert, assertEquals } from "@std/assert";
import { request } from "node:http";
import { waitUntil } from "../../_wait.ts";

/** An answer; its headers as they were sent, without the date. */
interface Recorded {
  readonly status: string;
  readonly headers: readonly string[];
  readonly body: string;
}

const REQUESTS: readonly (readonly [method: string, path: string])[] = [
  ["GET", "/users/1"],
  ["HEAD", "/users/1"],
  ["GET", "/users/2?x=%20"],
  ["POST", "/users/3"],
  ["OPTIONS", "/users/4"],
  ["POST", "/echo"],
  ["GET", "/parts"],
  ["GET", "/throws"],
  ["GET", "/nowhere"],
];

/** Headers that differ from one start to the next, as a build has identifiers. */
const CHANGING = /^(date|etag)$/i;

/** Makes all requests, one after the other; yields the answers. */
export async function record(port: number): Promise<Recorded[]> {
  const recorded: Recorded[] = [];
  for (const [method, path] of REQUESTS) {
    recorded.push(await ask(port, method, path));
  }
  return recorded;
}

function ask(port: number, method: string, path: string): Promise<Recorded> {
  const { promise, resolve, reject } = Promise.withResolvers<Recorded>();
  const asked = request({
    host: "127.0.0.1",
    port,
    method,
    path,
    agent: false,
    headers: method === "POST"
      ? { "content-type": "text/plain", "content-length": "4" }
      : {},
  }, (response) => {
    let body = "";
    response.setEncoding("utf8").on("data", (chunk) => body += chunk);
    response.once("error", reject).once("end", () => {
      const { statusCode, statusMessage, rawHeaders } = response;
      const headers: string[] = [];
      for (let i = 0; i < rawHeaders.length; i += 2) {
        if (CHANGING.test(rawHeaders[i])) continue;
        headers.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`);
      }
      resolve({ status: `${statusCode} ${statusMessage}`, headers, body });
    });
  });
  asked.once("error", reject);
  asked.end(method === "POST" ? "text" : undefined);
  return promise;
}

/** Has the application block for five seconds; requires its metrics meanwhile. */
export async function requireBlocked(
  port: number,
  scrape: () => Promise<string>,
): Promise<void> {
  let isOver = false;
  const blocked = fetch(`http://127.0.0.1:${port}/block`)
    .finally(() => isOver = true);
  await waitUntil(60_000, "it blocks", async () => {
    const text = await scrape();
    return /^prometheus_async_main_thread_responsive 0$/m.test(text) &&
      text.includes("\nruntime_info{");
  });
  assert(!isOver, "the block is over");
  assertEquals(await (await blocked).text(), "done");
}
