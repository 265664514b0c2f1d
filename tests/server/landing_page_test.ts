import { startHttpServer } from "../../src/server/mod.ts";
import { VERSION } from "../../src/version.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import * as successor from "@prometheus-io/client";
import * as promClient from "prom-client";
import { capturedErrors } from "../_fakes.ts";
import { test } from "../_suite.ts";
import { contract, withServer } from "./_servers.ts";

/** Gets the page. */
async function page(url: string): Promise<string> {
  const response = await fetch(url, { headers: { accept: "text/html" } });
  assertEquals(response.status, 200);
  return await response.text();
}

function jobs(client: typeof promClient = promClient): promClient.Registry {
  const registry = new client.Registry();
  const registers = [registry];
  new client.Counter({ name: "jobs_total", help: "Jobs <done>", registers });
  new client.Gauge({
    name: "queue_length",
    help: "Queue",
    registers,
    collect() {
      throw new Error("the queue is gone");
    },
  });
  return registry;
}

contract(
  "the page for people names the client of a registry",
  async (loopback) => {
    const client = successor as unknown as typeof promClient;
    const options = { ...loopback, registry: jobs(client), onError() {} };
    await withServer(options, async ({ url }) => {
      assertStringIncludes(await page(url), "made by @prometheus-io/client");
    });
  },
);

contract(
  "the page for people tells whether anyone may read it",
  async (loopback) => {
    const options = { ...loopback, registry: jobs(), onError() {} };
    const open = "Without authentication";
    await withServer(options, async ({ url }) => {
      assertStringIncludes(await page(url), open);
    });
    const auth = { bearer: ["secret"] };
    await withServer({ ...options, auth }, async ({ url }) => {
      const headers = { authorization: "Bearer secret" };
      const text = await (await fetch(url, { headers })).text();
      assert(text.includes("Families") && !text.includes(open), text);
    });
  },
);

contract(
  "the page for people tells what runs, and links what is served",
  async (loopback) => {
    const options = { ...loopback, registry: jobs(), onError() {} };
    await withServer(options, async ({ url }) => {
      const html = await page(url);
      assertStringIncludes(html, `prometheus-async ${VERSION} on `);
      assertStringIncludes(
        html,
        "2 in a registry of the application, made by prom-client",
      );
      assertStringIncludes(
        html,
        '<a href="/metrics?name[]=jobs_total">jobs_total</a>',
      );
      assertStringIncludes(html, "<td>counter</td><td>Jobs &lt;done&gt;</td>");
      assertStringIncludes(html, "None yet.");
      for (const [, href] of html.matchAll(/<a href="([^"]+)"/g)) {
        const response = await fetch(new URL(href, url));
        await response.text();
        assertEquals(response.status, 200, href);
      }
    });
  },
);

contract(
  "the page for people tells who scraped, and what failed",
  async (loopback) => {
    const onError = () => {};
    const options = { ...loopback, registry: jobs(), onError };
    await withServer(options, async ({ url, metricsUrl }) => {
      for (let n = 0; n < 12; n++) {
        const userAgent = `<b>"Scraper" & ${n}</b>`;
        await (await fetch(metricsUrl, {
          headers: {
            "user-agent": userAgent,
            "accept": "application/openmetrics-text; version=1.0.0",
          },
        })).text();
      }
      const html = await page(url);
      assert(!html.includes("<b>"), html);
      const by = (n: number) =>
        `&lt;b&gt;&quot;Scraper&quot; &amp; ${n}&lt;/b&gt;`;
      assertStringIncludes(
        html,
        `<td>${
          by(11)
        }</td><td>127.0.0.1</td><td>200</td><td>openmetrics 1.0.0</td>`,
      );
      assertStringIncludes(html, '<td class="bad">queue_length</td>');
      // The last ten.
      assertStringIncludes(html, by(2));
      assert(!html.includes(by(1) + "<"), html);
      assert(html.indexOf(by(11)) < html.indexOf(by(10)));
    });
  },
);

test("the page for people loads nothing, and may not", async () => {
  const options = { addr: "127.0.0.1", registry: jobs(), onError() {} };
  await withServer(options, async ({ url }) => {
    const response = await fetch(url);
    const html = await response.text();
    assert(!/<(script|link|img|iframe)|https?:|@import|url\(/.test(html), html);
    const policy = response.headers.get("content-security-policy");
    assertEquals(
      policy,
      "default-src 'none'; style-src 'unsafe-inline'; " +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
  });
});

test("the page for people says that an empty registry may be another one", async () => {
  const { register } = await import("prom-client");
  register.clear();
  await withServer({ addr: "127.0.0.1" }, async ({ url }) => {
    const html = await page(url);
    assertStringIncludes(
      html,
      "There are none in the global registries of the clients that the " +
        "application has loaded.",
    );
    assertStringIncludes(html, "pass <code>registry</code>");
  });
});

test("the page for people says that a registry function fails", async () => {
  const registry = () => Promise.reject(new Error("no <registry>"));
  await withServer({ addr: "127.0.0.1", registry }, async ({ url }) => {
    assertStringIncludes(await page(url), "no &lt;registry&gt;");
  });
});

test("the page for people bears names that are none, and prints nothing", async () => {
  const errors: unknown[] = [];
  const onError = (error: unknown) => void errors.push(error);
  const names = ["lone \ud83d", Symbol("name"), undefined];
  for (const metric of [null, ...names.map((name) => ({ name }))]) {
    const registry = { getMetricsAsArray: () => [metric as never] };
    const options = { addr: "127.0.0.1", registry, onError };
    const printed = await capturedErrors(() =>
      withServer(options, async ({ url }) => {
        const response = await fetch(url);
        await response.text();
        assert([200, 500].includes(response.status));
      })
    );
    assertEquals(printed, []);
  }
  assert(errors.length > 0);
});

test("the page for people waits no longer for a registry than a scrape", async () => {
  const registry = () => new Promise<never>(() => {});
  const options = { addr: "127.0.0.1", registry, timeout: 50 };
  await withServer(options, async ({ url }) => {
    assertStringIncludes(
      await page(url),
      "did not yield before the scrape",
    );
  });
});

test("format in the query stands for an Accept header", async () => {
  const formats = {
    "text-0.0.4": "text/plain; version=0.0.4; charset=utf-8",
    "text-1.0.0":
      "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
    "openmetrics-1.0.0":
      "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
    "openmetrics-0.0.1":
      "application/openmetrics-text; version=0.0.1; charset=utf-8",
  };
  const options = { addr: "127.0.0.1", registry: jobs(), onError() {} };
  await withServer(options, async ({ metricsUrl }) => {
    for (const [format, type] of Object.entries(formats)) {
      const url = `${metricsUrl}?format=${format}&name[]=jobs_total`;
      const scrape = await fetch(url);
      const text = await scrape.text();
      assertEquals(scrape.headers.get("content-type"), type);
      assert(!text.includes("queue_length"), text);
      // A browser shows what it knows, and downloads the rest.
      const accept = "text/html,*/*;q=0.8";
      const shown = await fetch(url, { headers: { accept } });
      assertEquals(await shown.text(), text);
      const shownType = shown.headers.get("content-type");
      assertEquals(shownType, "text/plain; charset=utf-8");
    }
    for (const format of ["", "json", "__proto__", "toString"]) {
      const response = await fetch(`${metricsUrl}?format=${format}`);
      assertEquals(response.status, 400);
      assertStringIncludes(await response.text(), "openmetrics-1.0.0");
    }
  });
});

contract(
  "startHttpServer() serves the metrics under another path",
  async (loopback) => {
    for (const path of ["/internal/metrics", "/", "/a%20b"]) {
      const options = { ...loopback, registry: jobs(), path, onError() {} };
      await withServer(options, async ({ url, metricsUrl }) => {
        assertEquals(metricsUrl, new URL(path, url).href);
        const text = await (await fetch(metricsUrl)).text();
        assertStringIncludes(text, "jobs_total 0\n");
        const usual = await fetch(new URL("/metrics", url));
        await usual.body?.cancel();
        assertEquals(usual.status, 404);
      });
    }
  },
);

test("startHttpServer() refuses a path that no request has", async () => {
  for (
    const path of [
      "",
      "metrics",
      "/a?b",
      "/a#b",
      "/a/../b",
      "/-/healthy",
      "//a",
    ]
  ) {
    await assertRejects(
      () => startHttpServer({ addr: "127.0.0.1", path }),
      RangeError,
      "path must be a URL's path",
    );
  }
});
