import { assert, assertEquals, assertMatch } from "@std/assert";
import process from "node:process";
import type * as promClient from "prom-client";
import { client, clientName } from "../_client.ts";
import { refresh, writeGathered } from "../live/_live.ts";
import { turn } from "../live/_metrics.ts";
import { test } from "../_suite.ts";
import { Application, samplesIn } from "./_application.ts";
import { type Change, withCopy } from "./_copy.ts";

const isPromClient = clientName === "prom-client";

/** The methods of a client's class, to be patched. */
function methodsOf(
  { prototype }: { readonly prototype: object },
): Record<string, (this: unknown, ...given: unknown[]) => unknown> {
  return prototype as ReturnType<typeof methodsOf>;
}

test("a method that another version has removes, or gives up and says so", async () => {
  const changes: Change[] = isPromClient
    ? [[
      "counter.js",
      "\tremove(...args) {",
      "\tasync forget() {\n\t\tawait null;\n" +
      "\t\tfor (const key in this.hashMap) delete this.hashMap[key];\n\t}\n" +
      "\tremove(...args) {",
    ]]
    : [
      [
        "counter.js",
        "\tremove(...args) {",
        "\tasync forget() {\n\t\tthis.store.forget();\n\t}\n" +
        "\tremove(...args) {",
      ],
      [
        "util.js",
        "\tclear() {",
        "\tforget() { this.#map.clear(); }\n\tclear() {",
      ],
    ];
  await withCopy(changes, async (copy) => {
    const app = new Application(copy);
    const mirror = app.mirror();
    await (app.counter as unknown as { forget(): Promise<void> }).forget();
    await refresh(mirror);
    const read = samplesIn(await app.read());
    assertEquals(read, samplesIn(await writeGathered([app.registry])));
    assert(!read.includes("c{"), read);
    assertEquals(app.notLive, isPromClient ? [] : ["c"]);
    assertEquals(app.told.length, isPromClient ? 0 : 1);
    app.counter.inc({ a: "2" }, 7);
    await refresh(mirror);
    assert((await app.read()).includes('c{a="2"} 7'));
    app.close();
  });
});

test("a patched method that is asynchronous is tried out without harm", async () => {
  await withCopy([], async (copy) => {
    const prototype = methodsOf(copy.Counter);
    const { incWithoutExemplar } = prototype;
    prototype.incWithoutExemplar = async function (...given) {
      await null;
      return incWithoutExemplar.apply(this, given);
    };
    const registry = new copy.Registry();
    const registers = [registry];
    const counter = new copy.Counter({ name: "c", help: "c", registers });
    counter.inc(3);
    const rejected: unknown[] = [];
    const reject = (reason: unknown) => void rejected.push(reason);
    process.on("unhandledRejection", reject);
    await turn();
    assert((await writeGathered([registry])).includes("\nc 3\n"));
    await turn();
    process.off("unhandledRejection", reject);
    assertEquals(rejected, []);
  });
});

test("a patched get() that yields something else is asked, and that is told", async () => {
  await withCopy([], async (copy) => {
    const { prototype } = copy.Gauge;
    const { get } = prototype;
    prototype.get = async function () {
      const metric = await get.call(this);
      const values = metric.values.map((each) => ({ ...each, value: 42 }));
      return { ...metric, values };
    };
    const app = new Application(copy);
    const mirror = app.mirror();
    await turn();
    assertEquals(app.notLive, ["g"]);
    assertMatch(
      app.told.join(),
      /^Error: Cannot keep metric "g" live: its class/,
    );
    await refresh(mirror);
    assert((await app.read()).includes("g 42"));
    assert((await writeGathered([app.registry])).includes("g 42"));
    // The class is what it was: what is made now is live.
    prototype.get = get;
    const { Gauge } = copy;
    new Gauge({ name: "new", help: "n", registers: [app.registry] }).set(3);
    assertEquals(app.notLive, ["g"]);
    assert((await app.read()).includes("new 3"));
    app.close();
    assert((await writeGathered([app.registry])).includes("g 0"));
  });
});

test("a class that is patched while its metrics are live is tried out again", async () => {
  await withCopy([], async (copy) => {
    const app = new Application(copy);
    const mirror = app.mirror();
    await turn();
    const { prototype } = copy.Gauge;
    const { get } = prototype;
    prototype.get = async function () {
      return await get.call(this);
    };
    await refresh(mirror);
    assertEquals(app.notLive, []);
    prototype.get = async function () {
      return { ...await get.call(this), values: [] };
    };
    await refresh(mirror);
    await turn();
    assertEquals([app.notLive, app.told.length], [["g"], 1]);
    await refresh(mirror);
    assert(!(await app.read()).includes("g 0"));
    app.close();
  });
});

test("a patched observe() is called, live or not", async () => {
  await withCopy([], async (copy) => {
    const prototype = methodsOf(copy.Histogram);
    const own = prototype.observeWithoutExemplar;
    let calls = 0;
    prototype.observeWithoutExemplar = function (...given) {
      calls++;
      return own.apply(this, given);
    };
    const app = new Application(copy);
    app.mirror();
    const before = calls;
    app.update(1);
    assertEquals([calls - before, app.notLive], [1, []]);
    assert((await app.read()).includes("h_count 2"));
    app.close();
  });
});

test("a subclass's constructor and collector are not called", async () => {
  let made = 0;
  let collected = 0;
  class Own extends client.Gauge<string> {
    constructor(registers: promClient.Registry[]) {
      made++;
      const collect = () => void collected++;
      super({ name: "own", help: "o", registers, collect });
    }
  }
  const app = new Application(client);
  const own = new Own([app.registry]);
  const mirror = app.mirror();
  assertEquals([made, collected, app.notLive], [1, 0, []]);
  own.set(7);
  assert((await app.read()).includes("own 7"));
  await refresh(mirror);
  assertEquals([made, collected, app.told], [1, 1, []]);
  app.close();
});

test("metrics of a client that are not live are told once for each reason", async () => {
  class Asked extends client.Gauge<string> {
    override async get(): ReturnType<promClient.Gauge["get"]> {
      return await super.get();
    }
  }
  const app = new Application(client);
  const options = { help: "h", registers: [app.registry] };
  for (const name of ["asked", "too"]) new Asked({ name, ...options });
  for (const name of ["frozen", "ice"]) {
    Object.freeze(new client.Gauge({ name, ...options }));
  }
  new client.Summary({ name: "s", ...options });
  app.registry.registerMetric({
    name: "mine",
    get: () => ({ name: "mine", help: "m", type: "gauge", values: [] }),
  } as never);
  const mirror = app.mirror();
  const reasons = ['"asked" live: it must not have', '"frozen" live: it must'];
  const areTold = () =>
    assertEquals(
      app.told.map((each, i) => each.includes(reasons[i])),
      [true, true],
      app.told.join(),
    );
  areTold();
  const names = ["asked", "too", "frozen", "ice", "s", "mine"];
  assertEquals(app.notLive, names);
  await refresh(mirror);
  await refresh(mirror);
  areTold();
  const text = samplesIn(await app.read());
  assertEquals(text, samplesIn(await writeGathered([app.registry])));
  app.close();
});

test("a live metric that is given a get() of its own is asked from then on", async () => {
  const app = new Application(client);
  const mirror = app.mirror();
  const { get } = app.gauge;
  app.gauge.get = async () => ({ ...await get.call(app.gauge), values: [] });
  await refresh(mirror);
  assertEquals([app.notLive, app.told.length], [["g"], 1]);
  assert(!(await app.read()).includes("g 0"));
  assert(!(await writeGathered([app.registry])).includes("g 0"));
  app.close();
});

test("a metric with a get() of its own has its class tried out once", async () => {
  await withCopy([], async (copy) => {
    let resets = 0;
    const app = new Application({
      ...copy,
      Gauge: class extends copy.Gauge {
        override get = () => super.get();
      },
    } as never);
    const base = copy.Gauge.prototype;
    const reset = Object.getOwnPropertyDescriptor(base, "reset")!;
    Object.defineProperty(base, "reset", {
      ...reset,
      value: function (this: unknown) {
        resets++;
        return reset.value.call(this);
      },
    });
    assert((await writeGathered([app.registry])).includes("g 0"));
    const first = resets;
    assert(first > 0);
    for (let scrapes = 0; scrapes < 5; scrapes++) {
      assert((await writeGathered([app.registry])).includes("g 0"));
    }
    assertEquals(resets, first);
  });
});

test("an object that only looks like a client's metric is not made again", async () => {
  let made = 0;
  class Mine {
    readonly name = "mine";
    readonly type = "gauge";
    hashMap = {};
    store = {};
    constructor() {
      made++;
    }
    labels(): void {}
    remove(): void {}
    reset(): void {}
    get(): unknown {
      return { name: "mine", help: "m", type: "gauge", values: [{ value: 1 }] };
    }
  }
  const app = new Application(client);
  app.registry.registerMetric(new Mine() as never);
  const mirror = app.mirror();
  await refresh(mirror);
  assert((await app.read()).includes("mine 1"));
  assertEquals([made, app.notLive, app.told], [1, ["mine"], []]);
  app.close();
});
