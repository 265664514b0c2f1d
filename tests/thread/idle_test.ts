import { assertEquals, assertStringIncludes } from "@std/assert";
import * as client from "prom-client";
import { Deadline } from "../../src/runtime/wait.ts";
import { Heartbeat } from "../../src/thread/main/heartbeat.ts";
import { MainProxy } from "../../src/thread/worker/main_proxy.ts";
import { MainToken } from "../../src/thread/worker/main_token.ts";
import {
  CONTROL,
  CONTROL_WORDS,
  type RefreshRequest,
} from "../../src/thread/protocol.ts";
import { Refresher } from "../../src/thread/main/refresher.ts";
import { type SetClock, withSetClock } from "../_fakes.ts";
import { test } from "../_suite.ts";
import { scrape, withThread } from "./_threads.ts";

const makeControl = () =>
  new Int32Array(new SharedArrayBuffer(4 * CONTROL_WORDS));

/** A main thread that answers at once, and what it was asked. */
function answering(isIdle: boolean) {
  const asked: RefreshRequest[] = [];
  const control = makeControl();
  Atomics.store(control, CONTROL.idle, isIdle ? 1 : 0);
  const main: MainProxy = new MainProxy(control, 50, (request) => {
    asked.push(request);
    queueMicrotask(() => main.begun({ id: request.id, collectors: [] }));
  });
  const refresh = async (names: readonly string[] = []) => {
    const deadline = new Deadline(20);
    const options = { names, maxAge: 0, collect: true, deadline };
    return (await main.refresh(options)).isAnswered;
  };
  return { asked, control, refresh };
}

/** Declares a test of a main thread whose clock the test sets. */
function clocked(name: string, fn: (clock: SetClock) => Promise<void>): void {
  test(name, () => withSetClock(fn));
}

clocked(
  "MainProxy.refresh() asks an idle main thread once in a second",
  async (clock) => {
    const { asked, refresh } = answering(true);
    const startedAt = clock.ms;
    const askedAt = new Set<number>();
    for (let n = 0; n < 250; n++) {
      const before = asked.length;
      assertEquals(await refresh(), true);
      if (asked.length > before) askedAt.add(clock.ms - startedAt);
      clock.ms += 10;
    }
    assertEquals([...askedAt], [0, 1000, 2000]);
  },
);

clocked(
  "MainProxy.refresh() asks a main thread that is not idle with every scrape",
  async () => {
    const { asked, control, refresh } = answering(false);
    for (let n = 0; n < 3; n++) assertEquals(await refresh(), true);
    assertEquals(asked.length, 3);
    // Nor one that was idle a moment ago.
    Atomics.store(control, CONTROL.idle, 1);
    await refresh();
    Atomics.store(control, CONTROL.idle, 0);
    const before = asked.length;
    await refresh();
    assertEquals(asked.length, before + 1);
  },
);

clocked(
  "MainProxy.refresh() knows nothing of the others from a scrape of some metrics",
  async () => {
    const { asked, refresh } = answering(true);
    await refresh(["jobs_total"]);
    await refresh();
    assertEquals(asked.length, 2);
  },
);

clocked(
  "MainProxy.silence counts from the last sign of life, whenever it is asked",
  // deno-lint-ignore require-await
  async (clock) => {
    const control = makeControl();
    const heartbeat = new Heartbeat(control);
    const main = new MainProxy(control, 50, () => {});
    assertEquals(main.silence, 0);
    clock.ms += 5000;
    assertEquals(main.silence, 5);
    // The server's thread waits: a sign is given at once.
    heartbeat.begin("work", 1000);
    assertEquals(main.silence, 0);
    clock.ms += 700;
    assertEquals(main.silence, 0.7);
    heartbeat.end();
  },
);

test("MainToken.get() waits for a main thread that gave its last sign of life a while ago", async () => {
  const ids: number[] = [];
  let looks = 0;
  const main = {
    get silence() {
      // It answers when it was looked for once.
      if (++looks === 1) {
        queueMicrotask(() => token.take({ id: ids[0], token: "new" }));
      }
      return 0.9;
    },
  };
  const token: MainToken = new MainToken(main, (id) => ids.push(id));
  assertEquals(await token.get("first"), "first");
  assertEquals(await token.get("first"), "new");
  assertEquals([ids.length, looks], [1, 1]);
});

test("MainToken.get() yields the last token while the main thread is silent", async () => {
  const main = { silence: 60 };
  const token = new MainToken(main, () => {});
  await token.get("first");
  assertEquals(await token.get("first"), "first");
});

const REQUEST: RefreshRequest = {
  id: 1,
  names: [],
  maxAge: 0,
  patience: 1000,
  collect: true,
};

/** The idle word after each request that has set it. */
async function toldIdle(
  registry: InstanceType<typeof client.Registry>,
  requests: readonly Partial<RefreshRequest>[],
  isRegistryFixed = true,
): Promise<boolean[]> {
  const told: boolean[] = [];
  const failures: unknown[] = [];
  const onError = (error: unknown) => void failures.push(error);
  const listed = [registry];
  const registries = Object.assign(
    () => listed,
    isRegistryFixed && { fixed: listed },
  );
  const parts = { registries, onError };
  const control = makeControl();
  const refresher = new Refresher(parts, listed, control, () => {});
  for (const request of requests) {
    Atomics.store(control, CONTROL.idle, -1);
    await refresher.answer({ ...REQUEST, ...request });
    const word = Atomics.load(control, CONTROL.idle);
    if (word !== -1) told.push(word === 1);
  }
  refresher.end();
  assertEquals(failures, []);
  return told;
}

test("Refresher.answer() says that it is idle where every metric is live", async () => {
  const registry = new client.Registry();
  const registers = [registry];
  new client.Counter({ name: "live_total", help: "Live", registers });
  const requests = [{}, { names: ["a"] }, { maxAge: 1000 }];
  const told = await toldIdle(registry, requests);
  // Scrapes of some metrics, or with `coalesce`, cannot tell.
  assertEquals(told, [true]);
});

test("Refresher.answer() says that it is not idle where there is something to do", async () => {
  const make = {
    collector(registry: InstanceType<typeof client.Registry>) {
      const collect = () => {};
      const registers = [registry];
      new client.Gauge({ name: "a", help: "A", registers, collect });
    },
    summary(registry: InstanceType<typeof client.Registry>) {
      new client.Summary({ name: "a", help: "A", registers: [registry] });
    },
    frozen: (registry: InstanceType<typeof client.Registry>) =>
      void Object.freeze(registry),
  };
  for (const [name, change] of Object.entries(make)) {
    const registry = new client.Registry();
    change(registry);
    const told = await toldIdle(registry, [{}]);
    assertEquals(told, [false], name);
  }
  const told = await toldIdle(new client.Registry(), [{}], false);
  assertEquals(told, [false], "a function of registries");
});

test("startHttpServerInThread() collects what comes right after a scrape with the next one", async () => {
  const registry = new client.Registry();
  await withThread({ registry }, async (server) => {
    for (let n = 0; n < 20; n++) {
      await scrape(server);
      const registers = [registry];
      const gauge = `collected_${n}`;
      new client.Gauge({
        name: gauge,
        help: "Collected",
        registers,
        collect() {
          this.set(1);
        },
      });
      const summary = `seconds_${n}`;
      new client.Summary({ name: summary, help: "Read", registers }).observe(1);
      const text = await scrape(server);
      assertStringIncludes(text, `\n${gauge} 1\n`);
      assertStringIncludes(text, `\n${summary}_count 1\n`);
      registry.removeSingleMetric(gauge);
      registry.removeSingleMetric(summary);
    }
  });
});
