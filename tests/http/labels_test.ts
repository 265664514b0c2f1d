import { assertEquals, assertStrictEquals } from "@std/assert";
import { once } from "node:events";
import { connect } from "node:net";
import * as client from "prom-client";
import { metricsHandler } from "../../src/exposition/mod.ts";
import {
  type HandledRequest,
  instrumentHandler,
  type InstrumentHandlerOptions,
} from "../../src/http/mod.ts";
import { capturedErrors } from "../_fakes.ts";
import { test } from "../_suite.ts";
import { assertSoon } from "../_wait.ts";
import { empty, request } from "./_handlers.ts";
import { samplesOf } from "./_scrape.ts";
import { contract, serving } from "./_serving.ts";

/** Calls a measured handler once; returns its samples. */
async function counted(
  options: InstrumentHandlerOptions,
  call: Request = request(),
): Promise<string[]> {
  const registry = new client.Registry();
  await instrumentHandler(empty, { registry, ...options })(call);
  return await samplesOf(registry, "http_requests_total");
}

test("instrumentHandler() counts by method, route and status", async () => {
  assertEquals(await counted({ route: "/users/:id" }), [
    '{method="GET",route="/users/:id",status="204"} 1',
  ]);
});

test("instrumentHandler() finds the route when the handler has answered", async () => {
  let seen: HandledRequest | undefined;
  const call = request("/a");
  const route = (handled: HandledRequest) => {
    seen = handled;
    return "/found";
  };
  assertEquals(await counted({ route }, call), [
    '{method="GET",route="/found",status="204"} 1',
  ]);
  assertStrictEquals(seen?.request, call);
  assertEquals(seen?.response?.status, 204);
  assertEquals(seen?.error, undefined);
});

test("instrumentHandler() has one route for all requests without a route", async () => {
  for (const options of [{}, { route: () => undefined }]) {
    assertEquals(await counted(options), [
      '{method="GET",route="_OTHER",status="204"} 1',
    ]);
  }
});

test("instrumentHandler() makes no series for random URLs", async () => {
  const registry = new client.Registry();
  const handler = instrumentHandler(empty, { registry });
  for (let n = 0; n < 100_000; n++) handler(request(`/${n}`));
  assertEquals(await samplesOf(registry, "http_requests_total"), [
    '{method="GET",route="_OTHER",status="204"} 100000',
  ]);
});

test("instrumentHandler() makes maxSeries, and one for the others, for paths as routes", async () => {
  const registry = new client.Registry();
  const route = ({ request }: HandledRequest) => new URL(request.url).pathname;
  const handler = instrumentHandler(empty, {
    registry,
    route,
    maxSeries: 3,
    labels: { path: route },
  });
  for (let n = 0; n < 100; n++) handler(request(`/${n}`));
  handler(request("/1"));
  assertEquals(
    await samplesOf(registry, "http_requests_total"),
    [
      '{method="GET",route="/0",status="204",path="/0"} 1',
      '{method="GET",route="/1",status="204",path="/1"} 2',
      '{method="GET",route="/2",status="204",path="/2"} 1',
      '{method="GET",route="_OTHER",status="204",path="_OTHER"} 97',
    ],
  );
});

contract(
  "instrumentHandler() has one label for all methods it does not know",
  async (serve) => {
    const registry = new client.Registry();
    const handler = instrumentHandler(() => new Response("tea"), { registry });
    await serving(serve, handler, async ({ port }) => {
      for (const method of ["MKCOL", "PROPFIND", "SEARCH"]) {
        const socket = connect(port, "127.0.0.1");
        await once(socket, "connect");
        socket.end(
          `${method} / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
        );
        socket.resume();
        await once(socket, "close");
      }
      await assertSoon(
        ['{method="_OTHER",route="_OTHER",status="200"} 3'],
        () => samplesOf(registry, "http_requests_total"),
      );
    });
  },
);

test("instrumentHandler() counts labels of the application's own", async () => {
  const labels = {
    tenant: ({ request }: HandledRequest) =>
      request.headers.get("x-tenant") ?? undefined,
    code: ({ response }: HandledRequest) => response?.status,
  };
  assertEquals(
    await counted({ labels }, request("/", { headers: { "x-tenant": "a" } })),
    ['{method="GET",route="_OTHER",status="204",tenant="a",code="204"} 1'],
  );
  assertEquals(
    await counted({ labels }),
    ['{method="GET",route="_OTHER",status="204",tenant="",code="204"} 1'],
  );
});

test("instrumentHandler() loses no request when a function of the options fails", async () => {
  const errors: unknown[] = [];
  const fail = () => {
    throw new Error("no");
  };
  const odd = (() => ({})) as unknown as () => string;
  const late = (() => Promise.reject(new Error("late"))) as unknown as () =>
    string;
  const samples = await counted({
    route: late,
    labels: { a: fail, b: odd, c: late, d: () => "d" },
    exemplar: fail,
    onError: (error) => void errors.push((error as Error).message),
  });
  assertEquals(samples, [
    '{method="GET",route="_OTHER",status="204",a="",b="",c="",d="d"} 1',
  ]);
  assertEquals(errors, [
    "no",
    "Cannot measure with instrumentHandler(): route must not be asynchronous, received a promise",
    "no",
    'Cannot measure requests: a label must be a string, a number or undefined, received an object of class "Object"',
    "Cannot measure with instrumentHandler(): labels must not be asynchronous, received a promise",
  ]);
});

test("instrumentHandler() writes the first error to the console without onError", async () => {
  const route = () => {
    throw new Error("no");
  };
  const errors = await capturedErrors(async () => {
    const registry = new client.Registry();
    const handler = instrumentHandler(empty, { registry, route });
    await handler(request());
    await handler(request());
  });
  assertEquals(errors.length, 1);
});

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";

for (
  const [traceparent, trace] of [
    [`00-${TRACE}-00f067aa0ba902b7-01`, TRACE],
    [`00-${TRACE}-00f067aa0ba902b7-03`, TRACE],
    [`01-${TRACE}-00f067aa0ba902b7-01-more`, TRACE],
    [`00-${TRACE}-00f067aa0ba902b7-00`, undefined],
    [`00-${TRACE}-00f067aa0ba902b7-01-more`, undefined],
    [`ff-${TRACE}-00f067aa0ba902b7-01`, undefined],
    [`00-${"0".repeat(32)}-00f067aa0ba902b7-01`, undefined],
    [`00-${TRACE}-${"0".repeat(16)}-01`, undefined],
    [`00-${TRACE.toUpperCase()}-00f067aa0ba902b7-01`, undefined],
    ["nonsense", undefined],
    [undefined, undefined],
  ] as const
) {
  test(`the traceparent ${traceparent} makes ${trace ? "an" : "no"} exemplar`, async () => {
    const registry = new client.Registry();
    const handler = instrumentHandler(empty, {
      registry,
      exemplar: "traceparent",
    });
    await handler(
      request("/", { headers: traceparent ? { traceparent } : {} }),
    );
    const scrape = await metricsHandler({ registry })(
      request("/metrics", {
        headers: { accept: "application/openmetrics-text; version=1.0.0" },
      }),
    );
    const text = await scrape.text();
    const exemplars = [...text.matchAll(/# \{trace_id="(\w+)"\} (\S+) \S+$/gm)];
    // One of the count, one of the bucket.
    assertEquals(
      exemplars.map(([, id]) => id),
      trace === undefined ? [] : [trace, trace],
    );
  });
}

test("a function makes the exemplar of a request", async () => {
  const registry = new client.Registry();
  // A registry needs this for the client itself to write exemplars.
  registry.setContentType(
    "application/openmetrics-text; version=1.0.0; charset=utf-8" as never,
  );
  const handler = instrumentHandler(empty, {
    registry,
    exemplar: ({ response }) => ({ span: String(response?.status) }),
  });
  await handler(request());
  const text = await registry.metrics();
  assertEquals([...text.matchAll(/# \{span="204"\}/g)].length, 2);
});
