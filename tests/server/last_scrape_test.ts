import { startHttpServer } from "../../src/server/mod.ts";
import {
  startHttpServerInThread,
  startHttpServerInThreadSync,
} from "../../src/thread/mod.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { once } from "node:events";
import { connect } from "node:net";
import * as client from "prom-client";
import { test } from "../_suite.ts";
import { scrape, scrapeDuring, valueOf } from "../thread/_threads.ts";
import {
  assertFree,
  contract,
  largeRegistry,
  slowRegistry,
} from "./_servers.ts";

/** Longer than a test may take. */
const untilScraped = 600_000;

/** A registry with a counter. */
function counting() {
  const registry = new client.Registry();
  const registers = [registry];
  const counter = new client.Counter({ name: "c_total", help: "c", registers });
  return { registry, counter };
}

/** Service discovery that tells when the server is deregistered. */
function discovery() {
  const told: string[] = [];
  const register = () =>
    Promise.resolve(() => Promise.resolve(void told.push("deregistered")));
  return { told, serviceDiscovery: { register } };
}

async function statusOf(url: string, init?: RequestInit): Promise<number> {
  const response = await fetch(url, init);
  await response.body?.cancel();
  return response.status;
}

contract(
  "close() with untilScraped serves until it has been scraped once more",
  async (loopback) => {
    const { registry, counter } = counting();
    const { told, serviceDiscovery } = discovery();
    const options = { ...loopback, registry, serviceDiscovery };
    const server = await startHttpServer(options);
    const { metricsUrl, healthUrl, url } = server;
    await scrape(server);
    counter.inc();
    const closing = server.close({ untilScraped });
    // None of these is a scrape that was answered.
    const statuses = await Promise.all([
      statusOf(metricsUrl, { method: "HEAD" }),
      statusOf(metricsUrl, { method: "POST" }),
      statusOf(`${metricsUrl}?format=text-1.0.0`),
      statusOf(`${metricsUrl}?x[]=1&name[]=%`),
      statusOf(url),
      statusOf(healthUrl),
    ]);
    assertEquals(statuses, [200, 405, 200, 400, 200, 200]);
    assertEquals([told, server.isRegistered], [[], true]);
    assertEquals(valueOf(await scrape(server), "c_total"), 1);
    await closing;
    assertEquals([told, server.isRegistered], [["deregistered"], false]);
    await assertFree(server.socket.addr, server.socket.port);
  },
);

contract(
  "close() with untilScraped takes no scrape for the last that had begun",
  async (loopback) => {
    const { registry, asked, answer } = slowRegistry();
    const server = await startHttpServer({ ...loopback, registry });
    const early = scrape(server);
    await asked;
    const closing = server.close({ untilScraped });
    answer();
    await early;
    assertEquals(await statusOf(server.healthUrl), 200);
    await scrape(server);
    await closing;
  },
);

contract(
  "close() with untilScraped takes no failed scrape for the last",
  async (loopback) => {
    const registry = new client.Registry();
    let fails = true;
    new client.Gauge({
      name: "g",
      help: "g",
      registers: [registry],
      collect() {
        if (fails) throw new Error("not yet");
        this.set(1);
      },
    });
    const failOnError = true;
    const onError = () => {};
    const options = { ...loopback, registry, failOnError, onError };
    const server = await startHttpServer(options);
    const closing = server.close({ untilScraped });
    assertEquals(await statusOf(server.metricsUrl), 500);
    fails = false;
    assertEquals(valueOf(await scrape(server), "g"), 1);
    await closing;
  },
);

contract(
  "close() with untilScraped takes no answer for the last that a client leaves",
  async (loopback) => {
    const registry = largeRegistry();
    const server = await startHttpServer({ ...loopback, registry });
    const closing = server.close({ untilScraped });
    const { addr, port } = server.socket;
    const socket = connect(port, addr);
    socket.write("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
    await once(socket, "data");
    socket.destroy();
    await once(socket, "close");
    for (let n = 0; n < 3; n++) {
      assertEquals(await statusOf(server.healthUrl), 200);
    }
    // Node's own fetch loses the end of what it has not undone in time.
    const headers = { "accept-encoding": "identity" };
    await scrape(server, { headers });
    await closing;
  },
);

contract(
  "the last scrape has what was counted, whatever coalesce says",
  async (loopback) => {
    const { registry, counter } = counting();
    const coalesce = 600_000;
    const server = await startHttpServer({ ...loopback, registry, coalesce });
    await scrape(server);
    counter.inc();
    assertEquals(valueOf(await scrape(server), "c_total"), 0);
    const closing = server.close({ untilScraped });
    assertEquals(valueOf(await scrape(server), "c_total"), 1);
    await closing;
  },
);

contract(
  "close() waits for a last scrape no longer than it says",
  async (loopback) => {
    const server = await startHttpServer(loopback);
    await server.close({ untilScraped: 50 });
    const other = await startHttpServer(loopback);
    const closing = other.close({ grace: 1000, untilScraped: 2 ** 31 - 1 });
    assertEquals(await statusOf(other.healthUrl), 200);
    assertEquals(other.close(0), closing);
    await closing;
  },
);

test("close() refuses options that are none, and then still closes", async () => {
  const server = await startHttpServer({ addr: "127.0.0.1" });
  for (
    const [options, Class, message] of [
      [{ untilScraped: -1 }, RangeError, "untilScraped"],
      [{ untilScraped: "1" }, TypeError, "untilScraped"],
      [{ grace: NaN }, RangeError, "grace"],
      [{ untilscraped: 1 }, TypeError, "untilscraped for untilScraped"],
      [null, TypeError, "options must be an object, received null"],
    ] as const
  ) {
    await assertRejects(() => server.close(options as never), Class, message);
  }
  await server.close({});
});

test("a server on a thread serves until it has been scraped once more", async () => {
  const { registry, counter } = counting();
  const { told, serviceDiscovery } = discovery();
  const options = { addr: "127.0.0.1", registry, serviceDiscovery };
  const server = await startHttpServerInThread(options);
  await scrape(server);
  counter.inc();
  const closing = server.close({ untilScraped });
  assertEquals(await statusOf(server.healthUrl), 200);
  assertEquals(told, []);
  assertEquals(valueOf(await scrape(server), "c_total"), 1);
  await closing;
  assertEquals(told, ["deregistered"]);
  await assertFree(server.socket.addr, server.socket.port);

  const other = await startHttpServerInThread(options);
  const hurried = other.close({ untilScraped });
  other.closeSync(0);
  await hurried;
});

test("closeSync() with untilScraped blocks until the server has been scraped", async () => {
  const { registry, counter } = counting();
  const options = { addr: "127.0.0.1", registry };
  const server = startHttpServerInThreadSync(options);
  counter.inc();
  const scrapes = await scrapeDuring(server.metricsUrl, 50, () => {
    server.closeSync({ grace: 600_000, untilScraped });
  });
  assert(scrapes.some(({ status }) => status === 200));
  await server.close();
  await assertFree(server.socket.addr, server.socket.port);
  startHttpServerInThreadSync(options).closeSync({ untilScraped: 50 });
});
