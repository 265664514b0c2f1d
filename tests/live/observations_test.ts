import { assert, assertEquals } from "@std/assert";
import type * as promClient from "prom-client";
import { client } from "../_client.ts";
import { test } from "../_suite.ts";
import { live, withLive, write, writeGathered } from "./_live.ts";

const { Gauge, Histogram, Registry } = client;

test("what observes a histogram without labels counts, whoever keeps or wraps it", async () => {
  const registry = new Registry();
  const make = (name: string) =>
    new Histogram({ name, help: "h", buckets: [1], registers: [registry] });
  const kept = make("kept");
  const wrapped = make("wrapped");
  const untouched = kept.observe;
  let calls = 0;
  type Observe = (this: promClient.Histogram, ...given: unknown[]) => void;
  const wrap = (histogram: promClient.Histogram) => {
    const observe = histogram.observe as Observe;
    histogram.observe = function (this: promClient.Histogram, ...given) {
      calls++;
      observe.apply(this, given);
    } as Observe;
  };
  wrap(wrapped);
  const { mirror, families } = live(registry);
  const later = make("later");
  const observed = () => families().map(({ values }) => Array.from(values));
  const observe = kept.observe as Observe;
  const own = later.observe as Observe;
  // Both are counted directly: a client that says it otherwise would lose that.
  for (const { observe, observeWithoutExemplar } of [kept, later] as never[]) {
    assert(observe !== observeWithoutExemplar, "it is observed the long way");
    assertEquals((observe as Observe).name, "observeWithoutExemplar");
  }
  wrap(later);
  const all = [kept, wrapped, later];
  for (const each of all) {
    each.observe(2);
    each.reset();
    each.observe(0.5);
    each.labels({}).observe(3);
    each.startTimer()();
    each.observe({} as never, 1);
  }
  const sums = observed().map(([upToOne, count, sum]) => {
    assertEquals([upToOne, count], [3, 4]);
    return sum;
  });
  assertEquals(calls, 2 * 4);
  mirror.close();
  assertEquals(kept.observe, untouched);
  // Functions that were taken meanwhile count where the values are now.
  observe.call(kept, 1);
  own.call(later, 1);
  wrapped.observe(1);
  later.observe(1);
  for (const [i, each] of all.entries()) {
    const { values } = await each.get();
    const added = each === later ? 2 : 1;
    const [upToOne, count, sum] = [
      values.find(({ labels }) => labels.le === 1)!,
      values.find(({ labels }) => labels.le === "+Inf")!,
      values.find(({ metricName = "" }) => metricName.endsWith("_sum"))!,
    ].map(({ value }) => value);
    assertEquals([upToOne, count], [3 + added, 4 + added]);
    assert(Math.abs(sum - sums[i] - added) < 1e-9, `${sum} after ${sums[i]}`);
  }
  // It is no method of another object, as it never was.
  const other = make("other");
  const again = live(registry);
  (other.observe as Observe).call(wrapped, 1);
  assertEquals(again.families().map(({ values }) => values[1]), [5, 6, 6, 0]);
  again.mirror.close();
});

test("what is observed while a histogram removes counts", async () => {
  class Restarting extends Histogram<string> {
    override remove(): void {
      super.remove();
      this.observe(2);
    }
  }
  const { prototype } = Histogram;
  const { remove } = prototype;
  const registry = new Registry();
  const options = { help: "h", buckets: [1], registers: [registry] };
  prototype.remove = function (...labels: [never]) {
    remove.apply(this, labels);
    this.zero({});
  };
  try {
    const zeroed = new Histogram({ name: "zeroed", ...options });
    const restarting = new Restarting({ name: "restarting", ...options });
    await withLive([registry], async ({ families }) => {
      for (const histogram of [zeroed, restarting]) {
        histogram.observe(0.5);
        histogram.remove();
        histogram.observe(0.5);
        histogram.labels({}).observe(0.5);
      }
      assertEquals(
        families().map(({ values }) => Array.from(values)),
        [[2, 2, 1], [2, 3, 3]],
      );
      assertEquals(await write(families()), await writeGathered([registry]));
    });
  } finally {
    prototype.remove = remove;
  }
});

test("timers, and the time of day, are read live", async () => {
  const registry = new Registry();
  const options = { help: "h", labelNames: ["a"], registers: [registry] };
  const gauge = new Gauge({ name: "g", ...options });
  const histogram = new Histogram({ name: "h", ...options });
  const timers = [histogram.startTimer({ a: "1" }), gauge.startTimer()];
  const child = gauge.labels("now");
  await withLive([registry], async ({ families }) => {
    for (const end of [...timers, histogram.labels("2").startTimer()]) end();
    child.setToCurrentTime();
    assertEquals(families().map(({ series }) => series.length), [2, 2]);
    assertEquals(await write(families()), await writeGathered([registry]));
  });
});
