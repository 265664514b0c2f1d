import {
  assert,
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { type Context, Hono } from "hono";
import { basicAuth } from "hono/basic-auth";
import { cors } from "hono/cors";
import { etag } from "hono/etag";
import { HTTPException } from "hono/http-exception";
import { streamText } from "hono/streaming";
import { setTimeout as sleep } from "node:timers/promises";
import * as client from "prom-client";
import { serverStats } from "../../src/exposition/mod.ts";
import {
  metrics,
  prometheus,
  type PrometheusOptions,
} from "../../src/hono/mod.ts";
import { capturedErrors } from "../_fakes.ts";
import { contract, type Handler, serving } from "../http/_serving.ts";
import { progressOf, samplesOf, totalOf } from "../http/_scrape.ts";
import { test } from "../_suite.ts";
import { assertSoon } from "../_wait.ts";

/** An application to measure. */
function measured(
  options: PrometheusOptions = {},
): { app: Hono; registry: client.Registry } {
  const registry = new client.Registry();
  const app = new Hono();
  app.use(prometheus({ registry, ...options }));
  return { app, registry };
}

/** Sends a request to an application; returns how it was counted. */
async function countedAs(
  { app, registry }: { app: Hono; registry: client.Registry },
  path: string,
  init?: RequestInit,
): Promise<string> {
  const before = await samplesOf(registry, "http_requests_total");
  await (await app.request(path, init)).text();
  const after = await samplesOf(registry, "http_requests_total");
  const [sample] = after.filter((each) => !before.includes(each));
  const [, method, route, status] =
    /^\{method="(.*)",route="(.*)",status="(.*)"\} /.exec(sample)!;
  assertEquals((await progressOf(registry)).inprogress, 0);
  return `${method} ${route} ${status}`;
}

test("an application from before clear() is measured again", async () => {
  const counted = measured();
  counted.app.get("/", (c) => c.text("root"));
  assertEquals(await countedAs(counted, "/"), "GET / 200");
  counted.registry.clear();
  assertEquals(await countedAs(counted, "/"), "GET / 200");
});

test("prometheus() counts by the pattern of the route", async () => {
  const counted = measured();
  const { app } = counted;
  app.get("/", (c) => c.text("root"));
  app.get("/users/:id", (c) => c.text(c.req.param("id")));
  app.get("/posts/:id{[0-9]+}/:part?", (c) => c.text("post"));
  app.get("/files/*", (c) => c.text("file"));
  app.post("/users/:id", (c) => c.text("posted", 201));
  app.all("/any", (c) => c.text("any"));
  app.on("PURGE", "/cache", (c) => c.text("purged"));
  for (
    const [path, method, expected] of [
      ["/", "GET", "GET / 200"],
      ["/users/1", "GET", "GET /users/:id 200"],
      ["/users/2?q=1", "GET", "GET /users/:id 200"],
      ["/users/1", "POST", "POST /users/:id 201"],
      ["/users/1", "HEAD", "HEAD /users/:id 200"],
      ["/posts/1", "GET", "GET /posts/:id{[0-9]+}/:part? 200"],
      ["/posts/1/b", "GET", "GET /posts/:id{[0-9]+}/:part? 200"],
      ["/files/a/b.txt", "GET", "GET /files/* 200"],
      ["/any", "DELETE", "DELETE /any 200"],
      ["/nowhere", "GET", "GET _OTHER 404"],
      ["/users/1", "DELETE", "DELETE _OTHER 404"],
    ] as const
  ) {
    // Hono makes two routes of an optional part.
    const actual = await countedAs(counted, path, { method });
    assertEquals(
      actual.replace(/\{\[0-9\]\+\}(\/:part)? /, "{[0-9]+}/:part? "),
      expected,
    );
  }
});

test("prometheus() counts by the whole pattern in applications that are mounted", async () => {
  const counted = measured();
  const api = new Hono();
  api.get("/users/:id", (c) => c.text("user"));
  const deep = new Hono().basePath("/v2");
  deep.get("/items/:item", (c) => c.text("item"));
  api.route("/deep", deep);
  counted.app.route("/api/:version", api);
  counted.app.basePath("/based").get("/on/:id", (c) => c.text("based"));
  counted.app.mount("/other", () => new Response("other"));
  for (
    const [path, expected] of [
      ["/api/1/users/7", "GET /api/:version/users/:id 200"],
      ["/api/1/deep/v2/items/7", "GET /api/:version/deep/v2/items/:item 200"],
      ["/api/1/nowhere", "GET _OTHER 404"],
      ["/based/on/7", "GET /based/on/:id 200"],
      ["/other/a/b", "GET /other/* 200"],
    ]
  ) assertEquals(await countedAs(counted, path), expected);
});

test("prometheus() counts by the route when a middleware answers before it", async () => {
  const counted = measured();
  const { app } = counted;
  app.use("/admin/*", basicAuth({ username: "a", password: "b" }));
  app.get("/admin/users/:id", (c) => c.text("user"));
  app.use("/files/*", async (c, next) => {
    if (c.req.path.endsWith("a.txt")) return c.text("a file");
    await next();
  });
  app.use("/shared/*", cors());
  app.get("/shared/:id", (c) => c.text("shared"));
  app.get("/tagged", etag(), (c) => c.text("tagged"));
  for (
    const [path, init, expected] of [
      ["/admin/users/1", {}, "GET /admin/users/:id 401"],
      ["/admin/nowhere", {}, "GET /admin/* 401"],
      ["/files/a.txt", {}, "GET /files/* 200"],
      ["/files/b.txt", {}, "GET _OTHER 404"],
      ["/shared/1", {}, "GET /shared/:id 200"],
      ["/shared/1", { method: "OPTIONS" }, "OPTIONS /shared/* 204"],
      ["/tagged", {}, "GET /tagged 200"],
      [
        "/tagged",
        {
          headers: {
            "if-none-match": (await app.request("/tagged")).headers.get(
              "etag",
            )!,
          },
        },
        "GET /tagged 304",
      ],
    ] as const
  ) assertEquals(await countedAs(counted, path, init), expected);
});

test("prometheus() tells handlers from middleware", async () => {
  const counted = measured();
  const { app } = counted;
  app.use(async (...[, next]: [Context, () => Promise<void>]) => await next());
  app.get("*", etag());
  app.use("/admin/*", async (c, next) => {
    if (c.req.query("in") === undefined) return c.text("no", 401);
    await next();
  });
  app.get("/admin/users/:id", (c) => c.text("user"));
  for (
    const [path, expected] of [
      ["/admin/users/7", "GET /admin/users/:id 401"],
      ["/admin/users/7?in=1", "GET /admin/users/:id 200"],
      ["/nowhere", "GET _OTHER 404"],
    ]
  ) assertEquals(await countedAs(counted, path), expected);
});

test("prometheus() counts files served before a handler for all other paths", async () => {
  const counted = measured();
  const { app } = counted;
  app.use("/files/*", async (c, next) => {
    if (c.req.path.endsWith("a.txt")) return c.text("a file");
    await next();
  });
  app.mount("/legacy", () => new Response("legacy"));
  app.all("/any/:id", (c, _next) => c.text("any"));
  app.get("*", (c) => c.text("the application"));
  for (
    const [path, expected] of [
      ["/files/a.txt", "GET /files/* 200"],
      ["/files/b.txt", "GET /* 200"],
      ["/legacy/x", "GET /legacy/* 200"],
      ["/any/7", "GET /any/:id 200"],
      ["/deep/link", "GET /* 200"],
    ]
  ) assertEquals(await countedAs(counted, path), expected);
});

test("prometheus() counts the responses of error handlers", async () => {
  const counted = measured();
  const { app } = counted;
  app.get("/exception/:id", () => {
    throw new HTTPException(418, { message: "tea" });
  });
  app.get("/error", () => {
    throw new Error("no");
  });
  app.use("/guarded/*", (_c, _next) => {
    throw new HTTPException(403);
  });
  app.get("/guarded/:id", (c) => c.text("never"));
  const sub = new Hono();
  sub.get("/:id", () => {
    throw new Error("no");
  });
  sub.onError((_, c) => c.text("handled", 503));
  app.route("/sub", sub);
  const errors = await capturedErrors(async () => {
    for (
      const [path, expected] of [
        ["/exception/1", "GET /exception/:id 418"],
        ["/error", "GET /error 500"],
        ["/guarded/1", "GET /guarded/:id 403"],
        ["/sub/1", "GET /sub/:id 503"],
      ]
    ) assertEquals(await countedAs(counted, path), expected);
  });
  // Hono itself writes errors that no handler takes.
  assertEquals(errors.length, 1);
});

test("prometheus() counts thrown values that are no errors", async () => {
  const { app, registry } = measured();
  app.get("/odd", () => {
    throw "odd";
  });
  const thrown = await Promise.resolve(app.request("/odd")).then(
    () => undefined,
    (reason) => reason,
  );
  assertEquals(thrown, "odd");
  assertEquals(await samplesOf(registry, "http_requests_total"), [
    '{method="GET",route="/odd",status="500"} 1',
  ]);
});

test("prometheus() counts a handler that answers nothing with 500", async () => {
  const { app, registry } = measured();
  app.get("/nothing", (() => {}) as unknown as () => Response);
  const errors = await capturedErrors(async () => {
    assertEquals((await app.request("/nothing")).status, 500);
  });
  assertEquals(errors.length, 1);
  assertEquals(await samplesOf(registry, "http_requests_total"), [
    '{method="GET",route="/nothing",status="500"} 1',
  ]);
});

test("prometheus() counts a page for unknown paths as no route", async () => {
  const counted = measured();
  counted.app.notFound((c) => c.text("the application", 200));
  assertEquals(await countedAs(counted, "/deep/link"), "GET _OTHER 200");
});

test("prometheus() makes no series for random paths", async () => {
  const { app, registry } = measured();
  app.get("/", (c) => c.text("root"));
  for (let n = 0; n < 2000; n++) await app.request(`/${n}`);
  assertEquals(await samplesOf(registry, "http_requests_total"), [
    '{method="GET",route="_OTHER",status="404"} 2000',
  ]);
});

test("prometheus() leaves the response and its headers alone", async () => {
  const { app } = measured();
  app.use(async (c, next) => {
    await next();
    c.header("x-late", "1");
  });
  app.get("/", (c) => {
    c.header("x-early", "1");
    c.header("set-cookie", "a=b", { append: true });
    c.header("set-cookie", "c=d", { append: true });
    return c.json({ hello: "world" }, 201);
  });
  const response = await app.request("/");
  assertEquals(response.status, 201);
  assertEquals(response.headers.get("x-early"), "1");
  assertEquals(response.headers.get("x-late"), "1");
  assertEquals(response.headers.getSetCookie(), ["a=b", "c=d"]);
  assertEquals(response.headers.get("content-type"), "application/json");
  assertEquals(await response.json(), { hello: "world" });
});

test("prometheus() takes labels and exemplars of the context", async () => {
  const registry = new client.Registry();
  const app = new Hono();
  app.use(prometheus({
    registry,
    labels: {
      failed: (c: Context) => c.error ? "yes" : "no",
      tenant: (c: Context) => c.req.header("x-tenant"),
    },
    exemplar: (c) => ({ status: String(c.res?.status) }),
  }));
  app.get("/", (c) => c.text("hello"));
  app.get("/error", () => {
    throw new HTTPException(400);
  });
  await app.request("/", { headers: { "x-tenant": "a" } });
  await app.request("/error");
  assertEquals(await samplesOf(registry, "http_requests_total"), [
    '{method="GET",route="/",status="200",failed="no",tenant="a"} 1',
    '{method="GET",route="/error",status="400",failed="yes",tenant=""} 1',
  ]);
});

test("prometheus() refuses options that cannot be", () => {
  assertThrows(
    () => prometheus({ maxSeries: 0 }),
    RangeError,
    "Cannot measure requests: maxSeries",
  );
});

contract(
  "prometheus() observes a stream to its last byte, by the route",
  async (serve) => {
    const { app, registry } = measured();
    let written = 0;
    app.get("/streams/:id", (c) => {
      const startedAt = performance.now();
      return streamText(c, async (stream) => {
        for (let n = 0; n < 4; n++) {
          await sleep(20);
          await stream.writeln(String(n));
        }
        written = (performance.now() - startedAt) / 1000;
      });
    });
    await serving(serve, app.fetch as Handler, async ({ url }) => {
      await (await fetch(`${url}/streams/1`)).text();
      await assertSoon(
        ['{method="GET",route="/streams/:id",status="200"} 1'],
        () => samplesOf(registry, "http_requests_total"),
      );
    });
    const seconds = await totalOf(
      registry,
      "http_request_duration_seconds_sum",
    );
    assert(seconds >= written, `observed ${seconds} s of ${written} s`);
  },
);

test("metrics() serves the metrics that prometheus() measures", async () => {
  const { app, registry } = measured();
  app.get("/metrics", metrics({ registry }));
  app.get("/", (c) => c.text("hello"));
  await app.request("/");
  const response = await app.request("/metrics");
  assertEquals(
    response.headers.get("content-type"),
    "text/plain; version=0.0.4; charset=utf-8",
  );
  assertStringIncludes(
    await response.text(),
    '\nhttp_requests_total{method="GET",route="/",status="200"} 1\n',
  );
  assertEquals((await app.request("/metrics", { method: "POST" })).status, 404);
});

test("serverStats as a handler of Hono tells the way out", async () => {
  const app = new Hono();
  // deno-lint-ignore no-explicit-any
  app.get("/metrics", serverStats as any);
  let message = "";
  app.onError((error, c) => {
    message = error.message;
    return c.text("failed", 500);
  });
  assertEquals((await app.request("/metrics")).status, 500);
  assertStringIncludes(message, "a Request with url and headers is required");
  assertStringIncludes(message, 'app.get("/metrics", metrics())');
});
