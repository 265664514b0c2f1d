import {
  type MetricsHttpServer,
  startHttpServer,
  type StartHttpServerOptions,
} from "../../src/server/mod.ts";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { once } from "node:events";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import * as client from "prom-client";
import { Authority } from "../_certificates.ts";
import { curl } from "../_curl.ts";
import { DEADLINE_MS, test } from "../_suite.ts";
import { waitUntil } from "../_wait.ts";
import { assertFree, largeRegistry, slowRegistry } from "./_servers.ts";

const authority = await Authority.create();
const { cert, key, certFile, keyFile } = await authority.server();
const registry = new client.Registry();

/** Options by which a server speaks TLS in each of the runtimes' ways. */
const WAYS: Readonly<Record<string, StartHttpServerOptions>> = {
  "certificates as texts": { tls: { cert, key } },
  "certificates as texts and a limit": {
    tls: { cert, key },
    maxConnections: 1000,
  },
  "certificates in files": { tls: { certFile, keyFile } },
};

function scrape({ metricsUrl }: MetricsHttpServer, ...args: string[]) {
  return curl("--cacert", authority.certFile, ...args, metricsUrl);
}

/**
 * A grace that is longer than a test may take: where `close()` waits for
 * somebody in vain, the test's own deadline says so, and no load does.
 */
const LONG_GRACE_MS = 2 * DEADLINE_MS;

for (const [way, options] of Object.entries(WAYS)) {
  const start = (more: StartHttpServerOptions = {}) =>
    startHttpServer({ addr: "127.0.0.1", registry, ...options, ...more });

  test(`close() lets a scrape in flight finish, with ${way}`, async () => {
    const { registry, asked, answer } = slowRegistry();
    const server = await start({ registry });
    const scraped = scrape(server);
    await asked;
    const closed = server.close(LONG_GRACE_MS);
    // The server has been told to close when the event loop has turned.
    setTimeout(answer, 100);
    const { exitCode, body } = await scraped;
    assertEquals(exitCode, 0);
    assertStringIncludes(body, "slow 42\n");
    await closed;
  });

  test(`close() cuts off a scrape that takes too long, with ${way}`, async () => {
    const { registry, asked, answer } = slowRegistry();
    const server = await start({ registry });
    const scraped = scrape(server);
    await asked;
    await server.close(100);
    assertEquals((await scraped).status, 0);
    const { addr, port } = server.socket;
    await assertFree(addr, port);
    answer();
  });

  test(`close() does not wait for clients that say nothing, with ${way}`, async () => {
    const server = await start();
    const { port } = server.socket;
    const silent = connect(port, "127.0.0.1");
    const shaken = connectTls({
      ...{ port, host: "127.0.0.1", servername: "localhost" },
      ca: authority.cert,
    });
    for (const socket of [silent, shaken]) socket.on("error", () => {});
    await Promise.all([once(silent, "connect"), once(shaken, "secureConnect")]);
    assertEquals((await scrape(server)).status, 200);
    await server.close(LONG_GRACE_MS);
    silent.destroy();
    shaken.destroy();
  });

  test(`close() lets a large answer arrive, with ${way}`, async () => {
    const server = await start({ registry: largeRegistry() });
    const scraped = scrape(server, "--limit-rate", "20M");
    await waitUntil(20_000, "it is answered", async () => {
      const page = await curl("--cacert", authority.certFile, server.url);
      return page.body.includes("<td>curl/");
    });
    await server.close(LONG_GRACE_MS);
    const { exitCode, body } = await scraped;
    assertEquals(exitCode, 0);
    assert(body.length > 10e6, `only ${body.length} bytes have arrived`);
  });
}
