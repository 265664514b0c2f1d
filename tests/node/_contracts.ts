/** The claims that hold on every server. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import type { Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import * as promClient from "prom-client";
import * as successor from "@prometheus-io/client";
import { Authority } from "../_certificates.ts";
import { ended, samplesOf, totalOf } from "../http/_scrape.ts";
import { test } from "../_suite.ts";
import { waitUntil } from "../_wait.ts";
import type { Application } from "./_applications.ts";
import { ask, type Question, type Told } from "./_asking.ts";
import { Stage } from "./_replies.ts";

let certificate: ReturnType<Authority["server"]> | undefined;

/** An application that runs, and the metrics of its requests. */
interface Measuring {
  readonly stage: Stage;
  readonly registry: promClient.Registry;
  readonly server: Server;
  ask(path: string, question?: Question): Promise<Told>;
  /** Waits until so many requests have ended; yields how they were counted. */
  counted(requests: number): Promise<string[]>;
}

const REGISTRIES = [promClient.Registry, successor.Registry] as const;

let claims = 0;

/**
 * Declares a test that must pass with every application. The clients take turns, so
 * that each application meets both.
 */
function contract(
  applications: readonly Application[],
  claim: string,
  fn: (measuring: Measuring, application: Application) => Promise<void>,
): void {
  const turn = claims++;
  for (const [at, application] of applications.entries()) {
    const { name, skip } = application;
    test(`${claim}: ${name}`, { skip }, async () => {
      certificate ??= (await Authority.create()).server();
      const stage = new Stage();
      const Registry = REGISTRIES[(at + turn) % 2];
      const registry = new Registry() as promClient.Registry;
      const running = await application.start(
        stage,
        registry,
        await certificate,
      );
      const { port } = running.server.address() as AddressInfo;
      try {
        await fn({
          stage,
          registry,
          server: running.server as Server,
          ask: (path, question) => ask(application, port, path, question),
          counted: async (requests) => {
            await ended(registry, requests);
            return (await samplesOf(registry, "http_requests_total")).map(
              (sample) =>
                sample.replace(
                  /\{method="(.*)",route="(.*)",status="(.*)"\} (.*)/,
                  "$1 $2 $3 × $4",
                ),
            );
          },
        }, application);
      } finally {
        stage.open();
        await running.close();
      }
    });
  }
}

/** Declares the tests that all applications must pass. */
export function contracts(applications: readonly Application[]): void {
  const claim = (
    name: string,
    fn: (measuring: Measuring, application: Application) => Promise<void>,
  ) => contract(applications, name, fn);

  claim(
    "a plain answer counts once, by its route",
    async ({ ask, counted }) => {
      for (const id of ["1", "2", "3?q=1"]) {
        const { status, body } = await ask(`/users/${id}`);
        assertEquals([status, String(body)], [200, `user ${id[0]}`]);
      }
      assertEquals(await counted(3), ["GET /users/:id 200 × 3"]);
    },
  );

  claim("a nested router counts by its whole pattern", async (measuring) => {
    const { ask, counted } = measuring;
    for (const path of ["/v2/acme/items/7", "/v2/other/items/8"]) {
      assertEquals((await ask(path)).status, 200);
    }
    assertEquals(await counted(2), ["GET /v2/:tenant/items/:item 200 × 2"]);
  });

  claim("a stream is observed to its last byte", async (measuring) => {
    const { ask, counted, registry, stage } = measuring;
    const startedAt = performance.now();
    const { body, isWhole } = await ask("/stream");
    assert(isWhole);
    assertStringIncludes(String(body), "chunk 3");
    assertEquals(await counted(1), ["GET /stream 200 × 1"]);
    const passed = (performance.now() - startedAt) / 1000;
    const name = "http_request_duration_seconds_sum";
    const seconds = await totalOf(registry, name);
    const isRight = seconds >= stage.streamed && seconds <= passed;
    assert(isRight, `observed ${seconds} s of ${stage.streamed} s`);
  });

  claim(
    "a client that goes away in the middle ends the request",
    async (measuring) => {
      const { ask, counted } = measuring;
      const { isWhole } = await ask("/endless", { leaves: "in the middle" });
      assert(!isWhole);
      assertEquals(await counted(1), ["GET /endless 200 × 1"]);
    },
  );

  claim(
    "a client that goes away before the answer is not counted as answered",
    async (
      { ask, counted, stage },
      { gone },
    ) => {
      const begun = waitUntil(
        60_000,
        "the handler is called",
        () => stage.began > 0,
      );
      await ask("/slow", { leaves: begun });
      if (gone === "499") {
        await counted(1);
      }
      stage.open();
      assertEquals(await counted(1), [`GET /slow ${gone} × 1`]);
      assertEquals((await ask("/users/1")).status, 200);
      assertEquals(await counted(2), [
        `GET /slow ${gone} × 1`,
        "GET /users/:id 200 × 1",
      ]);
    },
  );

  claim("an unknown path has no route", async ({ ask, counted }) => {
    for (const path of ["/nowhere/1", "/v2/acme/nowhere", "/users"]) {
      assertEquals((await ask(path)).status, 404);
    }
    assertEquals(await counted(3), ["GET _OTHER 404 × 3"]);
  });

  claim("a method that no route takes has no route", async (
    { ask, counted },
    { notAllowed },
  ) => {
    const { status } = await ask("/users/7", { method: "POST" });
    assertEquals(String(status), notAllowed);
    assertEquals(await counted(1), [`POST _OTHER ${notAllowed} × 1`]);
  });

  claim("an unknown method is _OTHER", async ({ ask, counted }) => {
    await ask("/users/7", { method: "PURGE" });
    const [sample, ...others] = await counted(1);
    assertEquals(others, []);
    assert(/^_OTHER _OTHER (404|405|501) × 1$/.test(sample), sample);
  });

  claim(
    "a throw before the headers counts with 500",
    async ({ ask, counted }) => {
      assertEquals((await ask("/throws")).status, 500);
      assertEquals(await counted(1), ["GET /throws 500 × 1"]);
    },
  );

  claim(
    "a throw after the headers keeps the status",
    async ({ ask, counted }) => {
      const left = sleep(1000);
      const { body } = await ask("/breaks", { leaves: left });
      assertEquals(String(body), "begun\n");
      assertEquals(await counted(1), ["GET /breaks 200 × 1"]);
    },
  );

  claim("responses without a body and parts count by their status", async (
    { ask, counted },
  ) => {
    const parts = await ask("/range", { headers: { range: "bytes=1-3" } });
    assertEquals([parts.status, String(parts.body)], [206, "ser"]);
    const headers = { "if-none-match": '"1"' };
    assertEquals((await ask("/unchanged", { headers })).status, 304);
    assertEquals((await ask("/redirect")).status, 302);
    const head = await ask("/users/1", { method: "HEAD" });
    assertEquals([head.status, String(head.body)], [200, ""]);
    assertEquals((await counted(4)).sort(), [
      "GET /range 206 × 1",
      "GET /redirect 302 × 1",
      "GET /unchanged 304 × 1",
      "HEAD /users/:id 200 × 1",
    ]);
  });

  claim(
    "an upgrade that the server takes is no request of the application",
    async (
      { ask, counted, server },
      { protocol },
    ) => {
      // HTTP/2 has none.
      if (protocol !== undefined) return;
      server.on("upgrade", (_request, socket) => {
        socket.end("HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\n\r\n");
      });
      const { port } = server.address() as AddressInfo;
      const upgrade = connect(port, "127.0.0.1");
      upgrade.write(
        "GET /users/1 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n" +
          "Upgrade: echo\r\n\r\n",
      );
      upgrade.setEncoding("utf8");
      let text = "";
      for await (const chunk of upgrade) text += chunk;
      assertStringIncludes(text, "101 Switching");
      assertEquals((await ask("/users/2")).status, 200);
      assertEquals(await counted(1), ["GET /users/:id 200 × 1"]);
    },
  );

  claim("random URLs make no series", async ({ ask, counted }) => {
    const urls = Array.from(
      { length: 60 },
      (_, n) => `/${n}/${n * 7919}.php?${n}`,
    );
    await Promise.all(urls.map((url) => ask(url)));
    assertEquals(await counted(60), ["GET _OTHER 404 × 60"]);
  });

  claim("exemplars are those of sampled traces", async (measuring) => {
    const { ask, counted } = measuring;
    const traceId = "0af7651916cd43dd8448eb211c80319c";
    const traceparent = `00-${traceId}-b7ad6b7169203331-01`;
    await ask("/users/1", { headers: { traceparent } });
    await counted(1);
    const { body } = await ask("/metrics?name[]=http_requests_total", {
      headers: { accept: "application/openmetrics-text; version=1.0.0" },
    });
    assertStringIncludes(
      String(body),
      'http_requests_total{method="GET",route="/users/:id",status="200"} 1 ' +
        `# {trace_id="${traceId}"} 1`,
    );
  });

  claim(
    "metrics are served to GET and HEAD, compressed and not",
    async ({ ask }) => {
      for (let n = 0; n < 20; n++) await ask(`/users/${n}`);
      for (const encoding of ["identity", "gzip", "br"]) {
        const headers = { "accept-encoding": encoding };
        const get = await ask("/metrics", { headers });
        assertEquals(get.status, 200);
        const decode = {
          identity: String,
          gzip: gunzipSync,
          br: brotliDecompressSync,
        }[
          encoding
        ]!;
        assertStringIncludes(
          String(decode(get.body)),
          '\nhttp_requests_total{method="GET",route="/users/:id",status="200"} 20\n',
        );
        assertEquals(
          get.headers["content-encoding"],
          encoding === "identity" ? undefined : encoding,
        );
        const head = await ask("/metrics", { headers, method: "HEAD" });
        assertEquals([head.status, head.body.byteLength], [200, 0]);
        assert(Number(head.headers["content-length"]) > 0);
      }
      const refused = await ask("/metrics?name[]", { method: "GET" });
      assertEquals(refused.status, 400);
    },
  );
}
