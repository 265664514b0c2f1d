import { assert, assertEquals, assertRejects } from "@std/assert";
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { instrumentHandler } from "../../src/http/mod.ts";
import * as client from "prom-client";
import { assertSoon } from "../_wait.ts";
import { progressOf, samplesOf, totalOf } from "./_scrape.ts";
import { contract, type Handler, type Serve, serving } from "./_serving.ts";

/** One request that was counted, and is over. */
const ONE = { requests: 1, durations: 1, inprogress: 0 };

const encoder = new TextEncoder();

/** A body that is written for as long as somebody reads it. */
function streamed(
  chunks: number,
  pauseMs: number,
  last: "closes" | "fails" = "closes",
): ReadableStream<Uint8Array> {
  let sent = 0;
  return new ReadableStream({
    async pull(controller) {
      if (sent++ > 0) await sleep(pauseMs);
      if (sent <= chunks) controller.enqueue(encoder.encode(`chunk ${sent}\n`));
      else if (last === "closes") controller.close();
      else controller.error(new Error("the stream has failed"));
    },
  });
}

/** Serves a handler that is measured; yields what was. */
async function measuring(
  serve: Serve,
  handler: Handler,
  fn: (
    url: string,
    registry: client.Registry,
    port: number,
  ) => Promise<void>,
): Promise<void> {
  const registry = new client.Registry();
  const measured = instrumentHandler(handler, { registry, route: "/" });
  await serving(
    serve,
    measured,
    ({ url, port }) => fn(url, registry, port),
  );
}

const durationOf = (registry: client.Registry) =>
  totalOf(registry, "http_request_duration_seconds_sum");

contract(
  "instrumentHandler() observes a stream to its last byte",
  async (serve) => {
    const handler = () => new Response(streamed(8, 50));
    await measuring(serve, handler, async (url, registry) => {
      await (await fetch(url)).text();
      await assertSoon(ONE, () => progressOf(registry));
      const seconds = await durationOf(registry);
      // Eight pauses of 50 ms, and timers may be a little early.
      assert(seconds >= 0.39 && seconds < 10, `observed ${seconds} s`);
    });
  },
);

contract(
  "instrumentHandler() observes a stream to its last byte for a request that was made of the server's",
  async (serve) => {
    const registry = new client.Registry();
    const measured = instrumentHandler(
      (_: Request) => new Response(streamed(8, 50)),
      { registry },
    );
    const handler: Handler = (request, context) =>
      measured(new Request(request.url, request), context);
    await serving(serve, handler, async ({ url }) => {
      await (await fetch(url)).text();
      await assertSoon(ONE, () => progressOf(registry));
      const seconds = await durationOf(registry);
      assert(seconds >= 0.39, `observed ${seconds} s`);
    });
  },
);

contract(
  "instrumentHandler() observes a stream until its client has gone",
  async (serve) => {
    let startedAt = 0;
    const handler = () => {
      startedAt = performance.now();
      // It would go on for ten minutes.
      return new Response(streamed(6000, 100));
    };
    await measuring(serve, handler, async (url, registry) => {
      const controller = new AbortController();
      const response = await fetch(url, { signal: controller.signal });
      await sleep(100);
      assertEquals(
        await progressOf(registry),
        { requests: 0, durations: 0, inprogress: 1 },
      );
      controller.abort();
      const abortedAfter = (performance.now() - startedAt) / 1000;
      await assertRejects(() => response.text(), Error);
      await assertSoon(ONE, () => progressOf(registry));
      const seconds = await durationOf(registry);
      // Only a machine that is very busy takes that long to notice.
      const isRight = seconds >= 0.09 && seconds < abortedAfter + 10;
      assert(isRight, `observed ${seconds} s of ${abortedAfter} s`);
    });
  },
);

contract(
  "instrumentHandler() waits for a client that does not read",
  async (serve) => {
    const block = new Uint8Array(1 << 20);
    const handler = () =>
      new Response(
        new ReadableStream({ pull: (controller) => controller.enqueue(block) }),
      );
    await measuring(serve, handler, async (_url, registry, port) => {
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => {});
      await once(socket, "connect");
      socket.pause();
      socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
      await assertSoon(
        { requests: 0, durations: 0, inprogress: 1 },
        () => progressOf(registry),
      );
      await sleep(100);
      assertEquals((await progressOf(registry)).requests, 0);
      socket.destroy();
      await assertSoon(ONE, () => progressOf(registry));
    });
  },
);

contract(
  "instrumentHandler() counts a stream that fails half-way, once",
  async (serve) => {
    const handler = () => new Response(streamed(3, 20, "fails"));
    await measuring(serve, handler, async (url, registry) => {
      await assertRejects(async () => await (await fetch(url)).text(), Error);
      await assertSoon(ONE, () => progressOf(registry));
      assertEquals(await samplesOf(registry, "http_requests_total"), [
        '{method="GET",route="/",status="200"} 1',
      ]);
    });
  },
);

for (
  const [what, method, body] of [
    ["an empty body", "GET", () => null],
    ["an empty text", "GET", () => ""],
    ["a text", "GET", () => "hello"],
    ["bytes", "GET", () => encoder.encode("hello")],
    ["a blob", "GET", () => new Blob(["hello"])],
    ["a page", "GET", () => new Blob(["<p>"], { type: "text/html" })],
    ["a form", "GET", () => new URLSearchParams({ a: "b" })],
    ["a large text", "GET", () => "hello".repeat(1_000_000)],
    ["a stream that has ended", "GET", () => new Blob(["hello"]).stream()],
    ["HEAD of a text", "HEAD", () => "hello"],
    ["HEAD of a stream", "HEAD", () => streamed(2, 10)],
  ] as const
) {
  contract(
    `instrumentHandler() counts a response with ${what}, and leaves it alone`,
    async (serve) => {
      const handler = () => new Response(body(), { headers: { "x-own": "1" } });
      await measuring(serve, handler, async (url, registry) => {
        const response = await fetch(url, { method });
        const text = await response.text();
        const given = body();
        const expected = method === "HEAD" || given === null
          ? ""
          : await new Response(given).text();
        assertEquals(text, expected);
        assertEquals(response.headers.get("x-own"), "1");
        await serving(serve, handler, async ({ url }) => {
          const bare = await fetch(url, { method });
          await bare.body?.cancel();
          // Of a stream @hono/node-server tells the length if it is quick enough.
          const isStream = given instanceof Blob ||
            given instanceof ReadableStream;
          const names = isStream ? [] : ["content-length"];
          for (const name of [...names, "content-type"]) {
            const value = response.headers.get(name);
            assertEquals(value, bare.headers.get(name), name);
          }
        });
        await assertSoon(ONE, () => progressOf(registry));
        assertEquals(await samplesOf(registry, "http_requests_total"), [
          `{method="${method}",route="/",status="200"} 1`,
        ]);
      });
    },
  );
}

contract(
  "instrumentHandler() counts what a handler throws with 500",
  async (serve) => {
    const handler = (request: Request) => {
      if (request.url.endsWith("/now")) throw new Error("at once");
      return Promise.reject(new Error("later"));
    };
    await measuring(serve, handler, async (url, registry) => {
      for (const path of ["/now", "/later"]) {
        assertEquals((await fetch(url + path)).status, 500);
      }
      await assertSoon(
        ['{method="GET",route="/",status="500"} 2'],
        () => samplesOf(registry, "http_requests_total"),
      );
      assertEquals((await progressOf(registry)).inprogress, 0);
    });
  },
);

contract(
  "instrumentHandler() counts a request whose client does not wait, when it was handled",
  async (serve) => {
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    const handler = async () => {
      asked.resolve();
      await answer.promise;
      return new Response("late");
    };
    await measuring(serve, handler, async (url, registry) => {
      const controller = new AbortController();
      const response = fetch(url, { signal: controller.signal });
      const failed = response.then(() => false, () => true);
      await asked.promise;
      controller.abort();
      assert(await failed);
      assertEquals(
        await progressOf(registry),
        { requests: 0, durations: 0, inprogress: 1 },
      );
      answer.resolve();
      await assertSoon(ONE, () => progressOf(registry));
    });
  },
);
