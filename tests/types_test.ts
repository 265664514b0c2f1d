/**
 * Right and wrong uses as the type checker sees them: `deno test` checks this
 * file's types, so a wrong use that compiles fails the suite.
 */
import {
  countExceptions,
  metricsHandler,
  startHttpServer,
  time,
  trackInprogress,
} from "../mod.ts";
import { assertEquals } from "@std/assert";
import * as successor from "@prometheus-io/client";
import * as promClient from "prom-client";
import { test } from "./_suite.ts";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends
  (<T>() => T extends B ? 1 : 2) ? true : false;
const is = <_ extends true>() => {};

test("types let right uses compile and refuse wrong ones", () => {
  // Never called: only its types matter.
  const _uses = () => {
    const fn = (a: number, b?: string) => Promise.resolve(`${a}${b}`);
    const generic = <T>(value: T) => Promise.resolve(value);
    const observer = { observe: (_: number) => {} };
    const gauge = { inc: () => {}, dec: () => {} };

    const timed = time(observer)(fn);
    is<Equal<typeof timed, typeof fn>>();
    const timedGeneric = time(observer)(generic);
    is<Equal<typeof timedGeneric, typeof generic>>();
    const counted = countExceptions(gauge, { exc: [RangeError] })(fn);
    is<Equal<typeof counted, typeof fn>>();
    const tracked = trackInprogress(gauge, Promise.resolve(42));
    is<Equal<typeof tracked, Promise<number>>>();

    for (const client of [promClient, successor]) {
      const options = { name: "a", help: "a", labelNames: ["b"] };
      time(new client.Histogram(options));
      time(new client.Histogram(options).labels("c"));
      time(new client.Summary(options));
      countExceptions(new client.Counter(options).labels("c"));
      trackInprogress(new client.Gauge(options).labels("c"));
      metricsHandler({ registry: client.register });
      startHttpServer({ registry: new client.Registry() });
    }

    // @ts-expect-error a counter has no observe()
    time(new promClient.Counter({ name: "a", help: "a" }));
    // @ts-expect-error a counter has no dec()
    trackInprogress(new promClient.Counter({ name: "a", help: "a" }));
    // @ts-expect-error a function is wrapped by time(metric)(fn)
    time(observer, fn);
    // @ts-expect-error a function is wrapped by countExceptions(metric)(fn)
    countExceptions(gauge, fn);
    // @ts-expect-error exc is a class, not an instance
    countExceptions(gauge, { exc: new RangeError() });
    // @ts-expect-error only functions can be wrapped
    time(observer)(42);
    // @ts-expect-error a registry lists its metrics
    metricsHandler({ registry: {} });
    // @ts-expect-error the wrapped function's arguments are those of the function
    timed("1");
  };
  assertEquals(typeof _uses, "function");
});
