import { assertEquals } from "@std/assert";
import { once } from "node:events";
import { connect } from "node:net";
import * as client from "prom-client";
import { instrumentHandler } from "../../src/http/mod.ts";
import { test } from "../_suite.ts";
import { assertSoon } from "../_wait.ts";
import { request } from "./_handlers.ts";
import { progressOf, samplesOf } from "./_scrape.ts";
import { contract, serveNatively, serving } from "./_serving.ts";

const SIZES = { sizes: true, sizeBuckets: [3, 100] };

for (
  const [what, call, response, [requestBytes, responseBytes]] of [
    [
      "a text",
      () => request("/", { method: "POST", body: "four" }),
      () => new Response("fünf"),
      [undefined, 5],
    ],
    [
      "what Content-Length says",
      () =>
        request("/", {
          method: "POST",
          body: "four",
          headers: { "content-length": "4" },
        }),
      () => new Response("12", { headers: { "content-length": "2" } }),
      [4, 2],
    ],
    [
      "a stream",
      () => request(),
      () => new Response(new Blob(["a".repeat(99_999)]).stream()),
      [0, 99_999],
    ],
    ["no body", () => request(), () => new Response(null), [0, 0]],
    [
      "HEAD",
      () => request("/", { method: "HEAD" }),
      () => new Response("12", { headers: { "content-length": "2" } }),
      [0, 0],
    ],
    [
      "304",
      () => request(),
      () =>
        new Response(null, { status: 304, headers: { "content-length": "2" } }),
      [0, 0],
    ],
  ] as const
) {
  test(`instrumentHandler() measures the size of ${what}`, async () => {
    const registry = new client.Registry();
    const handler = instrumentHandler(response, { registry, ...SIZES });
    await (await handler(call())).text();
    const sizeOf = async (name: string) => {
      const [sum] = await samplesOf(registry, `http_${name}_size_bytes_sum`);
      const [count] = await samplesOf(
        registry,
        `http_${name}_size_bytes_count`,
      );
      return count.endsWith(" 0") ? undefined : Number(sum.split(" ")[1]);
    };
    assertEquals(await sizeOf("response"), responseBytes);
    assertEquals(await sizeOf("request"), requestBytes);
  });
}

contract(
  "instrumentHandler() measures the sizes of what a server gets and sends",
  async (serve) => {
    const registry = new client.Registry();
    const handler = instrumentHandler(async (request: Request) => {
      const text = await request.text();
      const twice = text.repeat(2);
      return new Response(
        request.url.endsWith("/text") ? twice : new Blob([twice]).stream(),
      );
    }, { registry, route: "/", ...SIZES });
    await serving(serve, handler, async ({ url }) => {
      for (const path of ["/text", "/stream"]) {
        const response = await fetch(url + path, {
          method: "POST",
          body: "fünf!",
        });
        assertEquals(await response.text(), "fünf!fünf!");
      }
      const sums = ['{method="POST",route="/",status="200"} 24'];
      await assertSoon(
        sums,
        () => samplesOf(registry, "http_response_size_bytes_sum"),
      );
      assertEquals(
        await samplesOf(registry, "http_request_size_bytes_sum"),
        ['{method="POST",route="/",status="200"} 12'],
      );
    });
  },
);

test("instrumentHandler() measures no invalid size", async () => {
  for (
    const length of ["5, 5", "abc", "-5", "0x10", "", "1e3", "9".repeat(16)]
  ) {
    const registry = new client.Registry();
    const headers = { "content-length": length };
    const handler = instrumentHandler(
      () => new Response("hello", { headers }),
      { registry, ...SIZES },
    );
    await handler(request("/", { headers }));
    const labels = '{method="GET",route="_OTHER",status="200"}';
    assertEquals(
      await samplesOf(registry, "http_request_size_bytes_count"),
      [`${labels} 0`],
    );
    assertEquals(
      await samplesOf(registry, "http_response_size_bytes_sum"),
      [`${labels} 5`],
    );
  }
});

test("instrumentHandler() measures no size of invalid chunks", async () => {
  const registry = new client.Registry();
  const chunks = (): ReadableStream =>
    new ReadableStream({
      start(controller) {
        controller.enqueue("hello");
        controller.close();
      },
    });
  const handler = instrumentHandler(
    () => new Response(chunks()),
    { registry, ...SIZES },
  );
  const response = await handler(request());
  await response.text().catch(() => response.body?.cancel().catch(() => {}));
  const sums = await samplesOf(registry, "http_response_size_bytes_sum");
  for (const sum of sums) assertEquals(sum.endsWith("NaN"), false, sum);
});

contract(
  "instrumentHandler() measures no size of a request with two lengths",
  async (serve) => {
    const registry = new client.Registry();
    const handler = instrumentHandler(
      (_: Request) => new Response("hello"),
      { registry, ...SIZES },
    );
    await serving(serve, handler, async ({ port, url }) => {
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => {});
      await once(socket, "connect");
      socket.resume().end(
        "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" +
          "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
      );
      await once(socket, "close");
      await (await fetch(url)).text();
      await assertSoon(
        0,
        async () => (await progressOf(registry)).inprogress,
      );
      const sums = await samplesOf(registry, "http_request_size_bytes_sum");
      // Some servers refuse such a request.
      for (const sum of sums) assertEquals(sum.endsWith("NaN"), false, sum);
    });
  },
);

test("measuring sizes leaves a response its length", async () => {
  const registry = new client.Registry();
  const handler = instrumentHandler(
    (_: Request) => new Response("hello"),
    { registry, ...SIZES },
  );
  await serving(serveNatively, handler, async ({ url }) => {
    const response = await fetch(url);
    assertEquals(response.headers.get("content-length"), "5");
    assertEquals(await response.text(), "hello");
  });
});
