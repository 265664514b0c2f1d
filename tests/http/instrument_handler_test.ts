import {
  assert,
  assertEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { once } from "node:events";
import { connect } from "node:net";
import { metricsHandler } from "../../src/exposition/mod.ts";
import {
  type HandledRequest,
  instrumentHandler,
  type InstrumentHandlerOptions,
} from "../../src/http/mod.ts";
import { client } from "../_client.ts";
import { capturedErrors } from "../_fakes.ts";
import { test } from "../_suite.ts";
import { assertSoon } from "../_wait.ts";
import { progressOf, samplesOf } from "./_scrape.ts";
import { contract, serveNatively, serving } from "./_serving.ts";

const request = (path = "/", init?: RequestInit) =>
  new Request(`http://localhost${path}`, init);

const empty = () => new Response(null, { status: 204 });

/** Calls a handler that is measured, once; yields what was counted. */
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

test("instrumentHandler() has one route for all that have none", async () => {
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

test("instrumentHandler() writes the first error to the console where nobody takes it", async () => {
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

test("instrumentHandler() returns what a synchronous handler does, at once", () => {
  const registry = new client.Registry();
  const response = empty();
  const handler = instrumentHandler(() => response, { registry });
  assertStrictEquals(handler(request()), response);
});

test("instrumentHandler() counts a response that nobody reads", async () => {
  const registry = new client.Registry();
  const handler = instrumentHandler(() => new Response("hello"), { registry });
  await handler(request());
  assertEquals(
    await progressOf(registry),
    { requests: 1, durations: 1, inprogress: 0 },
  );
});

test("instrumentHandler() counts what is no response with 500", async () => {
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

test("instrumentHandler() hands on what is no web-standard response", async () => {
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

test("instrumentHandler() is in nobody's way when requests and servers are odd", async () => {
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
  // Of the request that was none.
  assertEquals(others.length <= 2, true, others.join());
});

test("handlers with the same registry and prefix share their metrics", async () => {
  const registry = new client.Registry();
  for (const route of ["/a", "/b"]) {
    await instrumentHandler(empty, { registry, route })(request());
  }
  assertEquals(await samplesOf(registry, "http_requests_total"), [
    '{method="GET",route="/a",status="204"} 1',
    '{method="GET",route="/b",status="204"} 1',
  ]);
});

test("a prefix keeps metrics apart", async () => {
  const registry = new client.Registry();
  for (const prefix of ["shop_", "admin_"]) {
    await instrumentHandler(empty, { registry, prefix })(request());
  }
  for (const prefix of ["shop_", "admin_"]) {
    assertEquals(await samplesOf(registry, `${prefix}http_requests_total`), [
      '{method="GET",route="_OTHER",status="204"} 1',
    ]);
  }
});

test("buckets are those of the options", async () => {
  const registry = new client.Registry();
  const buckets = [0.5, 600];
  await instrumentHandler(empty, { registry, buckets })(request());
  const samples = await samplesOf(
    registry,
    "http_request_duration_seconds_bucket",
  );
  assertEquals(
    samples.map((sample) => /le="([^"]*)"/.exec(sample)?.[1]).sort(),
    ["+Inf", "0.5", "600"],
  );
});

test("instrumentHandler() refuses options that cannot be", () => {
  const registry = new client.Registry();
  for (
    const [options, ErrorClass, message] of [
      [{ registry: {} }, TypeError, "registerMetric()"],
      [{ registry: null }, TypeError, "registerMetric()"],
      [{ prefix: "1_" }, RangeError, "prefix"],
      [{ prefix: "a-" }, RangeError, "prefix"],
      [{ prefix: 1 }, TypeError, "prefix"],
      [{ buckets: [] }, RangeError, "buckets"],
      [{ buckets: [1, 1] }, RangeError, "buckets"],
      [{ buckets: [2, 1] }, RangeError, "buckets"],
      [{ buckets: [1, Infinity] }, RangeError, "buckets"],
      [{ buckets: "1" }, RangeError, "buckets"],
      [{ sizes: "yes" }, TypeError, "sizes"],
      [{ sizes: true, sizeBuckets: [NaN] }, RangeError, "sizeBuckets"],
      [{ labels: () => {} }, TypeError, "labels"],
      [{ labels: { a: "b" } }, TypeError, "labels.a"],
      [{ labels: { route: () => "" } }, RangeError, '"route"'],
      [{ labels: { le: () => "" } }, RangeError, '"le"'],
      [{ labels: { "a-b": () => "" } }, RangeError, '"a-b"'],
      [{ labels: { __a: () => "" } }, RangeError, '"__a"'],
      [{ exemplar: "trace" }, TypeError, "exemplar"],
      [{ bucket: [1] }, TypeError, "received bucket"],
      [{ maxSeries: 0 }, RangeError, "maxSeries"],
      [{ maxSeries: 1.5 }, RangeError, "maxSeries"],
      [{ onError: 1 }, TypeError, "onError"],
      [{ route: 1 }, TypeError, "route"],
    ] as const
  ) {
    const given = options as unknown as InstrumentHandlerOptions;
    assertThrows(
      () => instrumentHandler(empty, { registry, ...given }),
      ErrorClass as ErrorConstructor,
      message,
    );
  }
  for (const options of [[], null, "text"]) {
    assertThrows(
      () =>
        instrumentHandler(
          empty,
          options as unknown as InstrumentHandlerOptions,
        ),
      TypeError,
      "options must be an object",
    );
  }
  assertThrows(
    () => instrumentHandler({ fetch: empty } as unknown as typeof empty),
    TypeError,
    "of an application pass its `fetch`",
  );
  // Nothing of that has left metrics behind.
  assertEquals(registry.getMetricsAsArray().length, 0);
});

test("handlers that share their metrics must want the same", () => {
  const registry = new client.Registry();
  instrumentHandler(empty, { registry });
  for (
    const [options, what] of [
      [{ buckets: [1] }, "buckets"],
      [{ sizes: true }, "sizes"],
      [{ labels: { a: () => "" } }, "labels"],
      [{ maxSeries: 5 }, "maxSeries"],
    ] as const
  ) {
    assertThrows(
      () => instrumentHandler(empty, { registry, ...options }),
      TypeError,
      what,
    );
  }
  instrumentHandler(empty, { registry, onError: () => {}, route: "/" });
});

test("instrumentHandler() refuses a registry that has others of the same names", () => {
  const registry = new client.Registry();
  new client.Gauge({
    name: "http_requests_inprogress",
    help: "of somebody else",
    registers: [registry],
  });
  assertThrows(
    () => instrumentHandler(empty, { registry }),
    TypeError,
    '"http_requests_inprogress" already; give these another `prefix`',
  );
  assertEquals(registry.getMetricsAsArray().length, 1);
  instrumentHandler(empty, { registry, prefix: "other_" });
});

test("instrumentHandler() joins a registry again that was cleared", async () => {
  const registry = new client.Registry();
  await instrumentHandler(empty, { registry })(request());
  registry.clear();
  await instrumentHandler(empty, { registry })(request());
  assertEquals(await samplesOf(registry, "http_requests_total"), [
    '{method="GET",route="_OTHER",status="204"} 1',
  ]);
});

test("resetMetrics() leaves alone what is in progress", async () => {
  const registry = new client.Registry();
  const { promise, resolve } = Promise.withResolvers<Response>();
  const handler = instrumentHandler((_: Request) => promise, { registry });
  const answered = handler(request());
  registry.resetMetrics();
  assertEquals((await progressOf(registry)).inprogress, 1);
  resolve(empty());
  await answered;
  assertEquals((await progressOf(registry)).inprogress, 0);
});

test("resetMetrics() begins anew, for handlers that are there, too", async () => {
  const registry = new client.Registry();
  const handler = instrumentHandler(empty, { registry });
  await handler(request());
  registry.resetMetrics();
  await handler(request());
  await handler(request());
  assertEquals(await samplesOf(registry, "http_requests_total"), [
    '{method="GET",route="_OTHER",status="204"} 2',
  ]);
});

test("the client writes the metrics of requests as metricsHandler() does", async () => {
  const registry = new client.Registry();
  registry.setDefaultLabels({ app: "shop" });
  const handler = instrumentHandler(() => new Response("hello"), {
    registry,
    sizes: true,
  });
  await handler(request("/", { method: "POST", body: "hi" }));
  await handler(request());
  const ours = await (await metricsHandler({ registry })(request())).text();
  const theirs = await registry.metrics();
  const samples = (text: string) =>
    text.split("\n").filter((line) => line && !line.startsWith("#"))
      .map((line) => {
        const [, name, labels, value] = /^(\w+)\{(.*)\} (.*)$/.exec(line)!;
        return `${name} ${labels.split(",").sort()} ${value}`;
      }).sort();
  assertEquals(samples(ours), samples(theirs));
  assert(samples(ours).length > 40);
  const json = await registry.getMetricsAsJSON();
  assertEquals(json.map(({ type }) => String(type)), [
    "counter",
    "histogram",
    "gauge",
    "histogram",
    "histogram",
  ]);
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
    // Of the count, and of the bucket.
    assertEquals(
      exemplars.map(([, id]) => id),
      trace === undefined ? [] : [trace, trace],
    );
  });
}

test("an exemplar is what a function makes of the request", async () => {
  const registry = new client.Registry();
  // As a registry does whose exemplars the client itself is to write.
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

test("instrumentHandler() measures no size that is none", async () => {
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

test("instrumentHandler() measures no size of chunks that are none", async () => {
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
