import {
  assert,
  assertEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import * as client from "prom-client";
import {
  instrumentHandler,
  type InstrumentHandlerOptions,
} from "../../src/http/mod.ts";
import { test } from "../_suite.ts";
import { empty, request } from "./_handlers.ts";
import { progressOf, samplesOf } from "./_scrape.ts";

test("instrumentHandler() hands on arguments, this, results and errors", async () => {
  const registry = new client.Registry();
  const reason = new Error("no");
  const site = {
    seen: [] as unknown[],
    handler(request: Request, ...rest: unknown[]) {
      this.seen.push(request, ...rest);
      return Promise.resolve(empty());
    },
  };
  const wrapped = {
    seen: site.seen,
    handler: instrumentHandler(site.handler, { registry }),
  };
  const call = request();
  assertEquals((await wrapped.handler(call, 1, "b")).status, 204);
  assertEquals(site.seen, [call, 1, "b"]);

  const failing = instrumentHandler((_: Request): Response => {
    throw reason;
  }, { registry });
  assertStrictEquals(assertThrows(() => failing(call), Error), reason);
  const rejecting = instrumentHandler(
    (_: Request) => Promise.reject<Response>(reason),
    { registry },
  );
  assertStrictEquals(
    await (rejecting(call) as Promise<Response>).catch((error) => error),
    reason,
  );
  assertEquals(await samplesOf(registry, "http_requests_total"), [
    '{method="GET",route="_OTHER",status="204"} 1',
    '{method="GET",route="_OTHER",status="500"} 2',
  ]);
});

test("instrumentHandler() returns the response of a synchronous handler at once", () => {
  const registry = new client.Registry();
  const response = empty();
  const handler = instrumentHandler(() => response, { registry });
  assertStrictEquals(handler(request()), response);
});

test("instrumentHandler() counts a response that is not read", async () => {
  const registry = new client.Registry();
  const handler = instrumentHandler(() => new Response("hello"), { registry });
  await handler(request());
  assertEquals(
    await progressOf(registry),
    { requests: 1, durations: 1, inprogress: 0 },
  );
});

test("instrumentHandler() counts results that are no responses with 500", async () => {
  for (const odd of [undefined, null, {}, "text"]) {
    const registry = new client.Registry();
    const handler = instrumentHandler(
      () => odd as unknown as Response,
      { registry },
    );
    assertStrictEquals<unknown>(handler(request()), odd);
    assertEquals(await samplesOf(registry, "http_requests_total"), [
      '{method="GET",route="_OTHER",status="500"} 1',
    ]);
  }
});

test("instrumentHandler() counts a response that is an error with 500", async () => {
  const registry = new client.Registry();
  const response = Response.error();
  const handler = instrumentHandler(() => response, { registry });
  assertStrictEquals(await handler(request()), response);
  assertEquals(await samplesOf(registry, "http_requests_total"), [
    '{method="GET",route="_OTHER",status="500"} 1',
  ]);
});

test("instrumentHandler() trusts no stand-in for a server", async () => {
  const registry = new client.Registry();
  const handler = instrumentHandler(() => new Response("hello"), { registry });
  const server = { requestIP: () => ({ address: "127.0.0.1" }), port: 80 };
  for (const context of [server, { server }]) await handler(request(), context);
  assertEquals(
    await progressOf(registry),
    { requests: 2, durations: 2, inprogress: 0 },
  );
});

test("instrumentHandler() hands on responses that are not web-standard", async () => {
  const { headers } = new Response();
  for (
    const odd of [
      { status: 201 },
      { status: 201, headers },
      { status: 201, headers, body: {} },
      { status: 201, headers, body: null },
    ]
  ) {
    const registry = new client.Registry();
    const handler = instrumentHandler(
      () => odd as unknown as Response,
      { registry, sizes: true, onError() {} },
    );
    assertStrictEquals<unknown>(await handler(request()), odd);
    assertEquals(await samplesOf(registry, "http_requests_total"), [
      '{method="GET",route="_OTHER",status="201"} 1',
    ]);
    assertEquals((await progressOf(registry)).inprogress, 0);
  }
});

test("instrumentHandler() leaves odd requests and servers alone", async () => {
  const fail = () => {
    throw new Error("odd");
  };
  const odd = Object.defineProperty(request(), "headers", { get: fail });
  const server = Object.defineProperty({}, "completed", { get: fail });
  const reason = new Error("no");
  const errors: unknown[] = [];
  const registry = new client.Registry();
  const options: InstrumentHandlerOptions = {
    registry,
    sizes: true,
    exemplar: "traceparent",
    onError: (error) => void errors.push((error as Error).message),
  };
  const handler = instrumentHandler(empty, options);
  assertEquals((await handler(odd, server)).status, 204);
  const failing = instrumentHandler(
    () => Promise.reject<Response>(reason),
    options,
  );
  assertStrictEquals(
    await failing(odd, server).catch((error) => error),
    reason,
  );
  const oddStatus = Object.defineProperty({}, "status", { get: fail });
  const answering = instrumentHandler(() => oddStatus as Response, options);
  assertStrictEquals<unknown>(await answering(request()), oddStatus);
  const unasked = handler as unknown as () => Promise<Response>;
  assertEquals((await unasked()).status, 204);
  assertEquals(await samplesOf(registry, "http_requests_total"), [
    '{method="GET",route="_OTHER",status="204"} 1',
    '{method="GET",route="_OTHER",status="500"} 2',
    '{method="_OTHER",route="_OTHER",status="204"} 1',
  ]);
  assertEquals((await progressOf(registry)).inprogress, 0);
  assert(errors.length > 0);
  const others = errors.filter((error) => error !== "odd");
  // From the call without a request.
  assertEquals(others.length <= 2, true, others.join());
});
