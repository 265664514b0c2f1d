import { assert, assertEquals, assertRejects } from "@std/assert";
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { instrumentHandler } from "../../src/http/mod.ts";
import * as client from "prom-client";
import { assertSoon } from "../_wait.ts";
import { progressOf, samplesOf, totalOf } from "./_scrape.ts";
import { contract, type Handler, type Serve, serving } from "./_serving.ts";

/** One finished request. */
const ONE = { requests: 1, durations: 1, inprogress: 0 };

const encoder = new TextEncoder();

/** A body that is written with pauses, while it is read. */
class Streamed {
  readonly body: ReadableStream<Uint8Array>;
  readonly #startedAt = performance.now();
  /** The time from its start to its last chunk, in seconds. */
  seconds = 0;

  constructor(
    chunks: number,
    pauseMs: number,
    last: "closes" | "fails" = "closes",
  ) {
    let sent = 0;
    this.body = new ReadableStream({
      pull: async (controller) => {
        if (sent++ > 0) await sleep(pauseMs);
        this.seconds = (performance.now() - this.#startedAt) / 1000;
        if (sent <= chunks) {
          controller.enqueue(encoder.encode(`chunk ${sent}\n`));
        } else if (last === "closes") controller.close();
        else controller.error(new Error("the stream has failed"));
      },
    });
  }
}

/** Serves a measured handler while `fn` runs. */
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
    let stream: Streamed | undefined;
    const handler = () => new Response((stream = new Streamed(4, 20)).body);
    await measuring(serve, handler, async (url, registry) => {
      const startedAt = performance.now();
      await (await fetch(url)).text();
      await assertSoon(ONE, () => progressOf(registry));
      const passed = (performance.now() - startedAt) / 1000;
      const seconds = await durationOf(registry);
      const isRight = seconds >= stream!.seconds && seconds <= passed;
      assert(isRight, `observed ${seconds} s of ${stream!.seconds} s`);
    });
  },
);

contract(
  "instrumentHandler() observes a stream to its last byte for a request that was made of the server's",
  async (serve) => {
    const registry = new client.Registry();
    let stream: Streamed | undefined;
    const measured = instrumentHandler(
      (_: Request) => new Response((stream = new Streamed(4, 20)).body),
      { registry },
    );
    const handler: Handler = (request, context) =>
      measured(new Request(request.url, request), context);
    await serving(serve, handler, async ({ url }) => {
      await (await fetch(url)).text();
      await assertSoon(ONE, () => progressOf(registry));
      const seconds = await durationOf(registry);
      const isRight = seconds >= stream!.seconds;
      assert(isRight, `observed ${seconds} s of ${stream!.seconds} s`);
    });
  },
);

contract(
  "instrumentHandler() observes a stream until its client has gone",
  async (serve) => {
    let startedAt = 0;
    const handler = () => {
      startedAt = performance.now();
      // It would go on for ten minutes, so any count before that is early.
      return new Response(new Streamed(30_000, 20).body);
    };
    await measuring(serve, handler, async (url, registry) => {
      const controller = new AbortController();
      const response = await fetch(url, { signal: controller.signal });
      const reader = response.body!.getReader();
      let text = "";
      const decoder = new TextDecoder();
      while (!text.includes("chunk 3\n")) {
        text += decoder.decode((await reader.read()).value);
      }
      assertEquals(
        await progressOf(registry),
        { requests: 0, durations: 0, inprogress: 1 },
      );
      const openFor = (performance.now() - startedAt) / 1000;
      controller.abort();
      await assertRejects(async () => {
        while (!(await reader.read()).done);
      }, Error);
      await assertSoon(ONE, () => progressOf(registry));
      const seconds = await durationOf(registry);
      assert(seconds >= openFor, `observed ${seconds} s of ${openFor} s`);
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
      // Any pause will do: load can only hide a request that has ended.
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
    const handler = () => new Response(new Streamed(3, 20, "fails").body);
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
    ["HEAD of a stream", "HEAD", () => new Streamed(2, 10).body],
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
          // @hono/node-server states the length of a stream that is fast enough.
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
