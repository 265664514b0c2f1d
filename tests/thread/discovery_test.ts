import {
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { readFile } from "node:fs/promises";
import * as client from "prom-client";
import {
  startHttpServerInThread,
  startHttpServerInThreadSync,
} from "../../src/thread/mod.ts";
import { withFolder } from "../_folder.ts";
import { test } from "../_suite.ts";
import { waitUntil } from "../_wait.ts";
import { assertFree } from "../server/_servers.ts";
import {
  discovery,
  PATIENT_MS,
  scrape,
  untilFree,
  withThread,
} from "./_threads.ts";

const { Counter, Registry } = client;

const addr = "127.0.0.1";

test("service discovery in a module runs on the thread", async () => {
  await withFolder(async (folder) => {
    const log = `${folder}/log`;
    const registry = new Registry();
    const serviceDiscovery = discovery({ log });
    let port = 0;
    await withThread({ registry, serviceDiscovery }, async (server) => {
      assertEquals(server.isRegistered, true);
      assertEquals(
        await readFile(log, "utf8"),
        `registered ${server.metricsUrl}\n`,
      );
      port = server.socket.port;
    });
    assertStringIncludes(await readFile(log, "utf8"), "\nderegistered\n");
    await assertFree(addr, port);

    const sync = startHttpServerInThreadSync({
      addr,
      registry,
      serviceDiscovery,
    });
    assertEquals(sync.isRegistered, true);
    sync.closeSync();
    assertEquals(sync.isRegistered, false);
    const lines = (await readFile(log, "utf8")).trim().split("\n");
    assertEquals(lines.map((line) => line.split(" ")[0]), [
      "registered",
      "deregistered",
      "registered",
      "deregistered",
    ]);
  });
});

test("service discovery in a module has the runtime's own Response", async () => {
  const source = `
    export default () => ({
      async register({ healthUrl }) {
        const answer = await fetch(healthUrl);
        if (answer instanceof Response) return null;
        throw new TypeError("Response is another one");
      },
    })`;
  const module = `data:text/javascript,${encodeURIComponent(source)}`;
  const options = { registry: new Registry(), serviceDiscovery: { module } };
  await withThread(options, async (server) => {
    assertStringIncludes(await scrape(server), "prometheus_async_");
  });
});

test("service discovery on a thread that refuses keeps the server from starting", async () => {
  const registry = new Registry();
  const counter = new Counter({ name: "c", help: "c", registers: [registry] });
  const before = Object.getOwnPropertyNames(counter);
  const options = {
    addr,
    registry,
    serviceDiscovery: discovery({ refuse: "not you" }),
  };
  const error = await assertRejects(
    () => startHttpServerInThread(options),
    RangeError,
  );
  assertEquals(error.message, "not you");
  assertThrows(
    () => startHttpServerInThreadSync(options),
    RangeError,
    "not you",
  );
  const without = { module: "data:text/javascript,export default 1" };
  const unfit = await assertRejects(
    () => startHttpServerInThread({ ...options, serviceDiscovery: without }),
    TypeError,
  );
  assertStringIncludes(unfit.message, without.module);
  assertEquals(Object.getOwnPropertyNames(counter), before);
});

test("a deregistration on the thread that fails is told, and closes the server", async () => {
  const registry = new Registry();
  const errors: unknown[] = [];
  const server = await startHttpServerInThread({
    addr,
    registry,
    serviceDiscovery: discovery({ failsToDeregister: true }),
    onError: (error) => errors.push(error),
  });
  await server.close();
  assertEquals(errors.map(String), ["Error: it stays registered"]);
  assertEquals(server.isRegistered, true);
  await assertFree(addr, server.socket.port);
  const nothing = await startHttpServerInThread({
    addr,
    registry,
    serviceDiscovery: discovery({ isUnregistered: true }),
  });
  assertEquals(nothing.isRegistered, false);
  await nothing.close();
});

test("a signal ends the start of a server whose discovery hangs", async () => {
  await withFolder(async (folder) => {
    const log = `${folder}/log`;
    const controller = new AbortController();
    const starting = startHttpServerInThread({
      addr,
      registry: new Registry(),
      serviceDiscovery: discovery({ log, hangs: true }),
      signal: controller.signal,
    });
    starting.catch(() => {});
    let text = "";
    await waitUntil(PATIENT_MS, "it registers", async () => {
      text = await readFile(log, "utf8").catch(() => "");
      return text.endsWith("\n");
    });
    const reason = new Error("enough");
    controller.abort(reason);
    assertEquals(await assertRejects(() => starting, Error), reason);
    const { port } = new URL(text.trim().split(" ")[1]);
    await untilFree(Number(port));
  });
});

test("service discovery on the main thread registers a server on a thread", async () => {
  const registry = new Registry();
  const events: string[] = [];
  const serviceDiscovery = {
    register({ metricsUrl }: { metricsUrl: string | null }) {
      events.push(`registered ${metricsUrl}`);
      return Promise.resolve(async () => {
        await Promise.resolve();
        events.push("deregistered");
      });
    },
  };
  const server = await startHttpServerInThread({
    addr,
    registry,
    serviceDiscovery,
  });
  assertEquals(server.isRegistered, true);
  assertEquals(events, [`registered ${server.metricsUrl}`]);
  await server.close();
  assertEquals([server.isRegistered, events[1]], [false, "deregistered"]);

  const sync = await startHttpServerInThread({
    addr,
    registry,
    serviceDiscovery,
  });
  sync.closeSync();
  await assertFree(addr, sync.socket.port);
  await sync.close();
  assertEquals(events.filter((each) => each === "deregistered").length, 2);

  const refused = await assertRejects(
    () =>
      startHttpServerInThread({
        addr,
        registry,
        serviceDiscovery: { register: () => Promise.reject(new Error("no")) },
      }),
    Error,
  );
  assertEquals(refused.message, "no");
});

test("a module for service discovery that is not there is named", async () => {
  const module = "file:///no/such/discovery.js";
  const error = await assertRejects(
    () =>
      startHttpServerInThread({
        addr,
        registry: new Registry(),
        serviceDiscovery: { module },
      }),
    Error,
  );
  assertStringIncludes(error.message, `serviceDiscovery.module "${module}"`);
});
