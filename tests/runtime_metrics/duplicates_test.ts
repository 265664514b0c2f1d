import { assert, assertEquals } from "@std/assert";
import { client } from "../_client.ts";
import type { Registry } from "../../mod.ts";
import { test } from "../_suite.ts";
import { scrape, valueOf, withThread } from "../thread/_threads.ts";
import { scraper, withRuntime } from "./_runtime.ts";

const { collectDefaultMetrics, Gauge } = client;

/** A registry of the client's with its default metrics, and one of its own. */
function application() {
  const register = new client.Registry();
  collectDefaultMetrics({ register });
  new Gauge({ name: "orders", help: "Orders", registers: [register] }).set(3);
  return register;
}

/** Asserts that no family is there twice, and that the runtime's are. */
function assertOnce(text: string): void {
  const families = [...text.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) =>
    name
  );
  assertEquals(families.length, new Set(families).size, text);
  assertEquals(valueOf(text, "orders"), 3);
  // The client says more than the runtime's metrics know of.
  assert(families.includes("nodejs_eventloop_lag_seconds"), text);
  // The client's has a longer help.
  assert(
    text.includes("# HELP process_cpu_seconds_total User and system"),
    text,
  );
  assert(text.includes("\nruntime_eventloop_delay_seconds_count "), text);
  // It would be 0, since what sets it is left out.
  assert(!text.includes("process_heap_bytes"), text);
  const failed = /^prometheus_async_collector_failures_total\{.*\} [^0]/m;
  assert(!failed.test(text), text);
}

function assertToldOnce(errors: readonly unknown[]): void {
  assertEquals(errors.length, 1, String(errors));
  const { message } = errors[0] as Error;
  assert(
    /^Cannot serve process_\w+, process_\w+, process_\w+, and \d+ more of a client beside runtimeMetrics\(\)/
      .test(message),
    message,
  );
}

for (const order of ["before", "after"]) {
  const listed = (register: Registry, runtime: Registry): Registry[] =>
    order === "before" ? [register, runtime] : [runtime, register];

  test(`a client's default metrics ${order} the runtime's are left out, and told once`, async () => {
    await withRuntime({}, async (runtime) => {
      const errors: unknown[] = [];
      const ask = scraper({
        registry: listed(application(), runtime),
        onError: (error) => void errors.push(error),
      });
      for (let n = 0; n < 3; n++) assertOnce(await ask());
      assertToldOnce(errors);
    });
  });

  test(`the same on a thread, with the client's ${order} the runtime's`, async () => {
    await withRuntime({}, async (runtime) => {
      const errors: unknown[] = [];
      const registry = listed(application(), runtime);
      const onError = (error: unknown) => void errors.push(error);
      await withThread({ registry, onError }, async (server) => {
        for (let n = 0; n < 3; n++) assertOnce(await scrape(server));
      });
      assertToldOnce(errors);
    });
  });
}

test("default metrics that come later are left out as well", async () => {
  await withRuntime({}, async (runtime) => {
    const errors: unknown[] = [];
    const register = new client.Registry();
    const registry = [register, runtime];
    const onError = (error: unknown) => void errors.push(error);
    await withThread({ registry, onError }, async (server) => {
      await scrape(server);
      collectDefaultMetrics({ register });
      const text = await scrape(server);
      assertEquals(
        text.match(/^# TYPE process_cpu_seconds_total/gm)?.length,
        1,
      );
      // Nothing was told that has not gone from the answer.
      assert(errors.length <= 1, String(errors));
    });
  });
});

test("a metric of the application with a name of the runtime's is left out", async () => {
  await withRuntime({}, async (runtime) => {
    const errors: unknown[] = [];
    const register = new client.Registry();
    new Gauge({ name: "process_threads", help: "Mine", registers: [register] });
    const ask = scraper({
      registry: [register, runtime],
      onError: (error) => void errors.push(error),
    });
    assert(!(await ask()).includes("Mine"));
    assertEquals(
      errors.map((error) => (error as Error).message),
      [
        "Cannot serve process_threads of a client beside runtimeMetrics(), whose " +
        "own metrics of these names are served; do without collectDefaultMetrics()",
      ],
    );
    // Without the runtime's it is there.
    assert((await scraper({ registry: register })()).includes("Mine"));
  });
});
