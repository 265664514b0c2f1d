/**
 * Right and wrong uses as the type checker sees them: `deno test` checks this
 * file's types, so a wrong use that compiles fails the suite. Deno knows TC39
 * decorators; legacy ones are given to TypeScript itself.
 */
import {
  countExceptions,
  instrumentHandler,
  metricsHandler,
  startHttpServer,
  time,
  trackInprogress,
} from "../mod.ts";
import { assertEquals } from "@std/assert";
import * as successor from "@prometheus-io/client";
import * as promClient from "prom-client";
import type { Decorated } from "./fixtures/decorated_types.ts";
import { join } from "node:path";
import ts from "typescript";
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

    const asyncHandler = instrumentHandler(async (_: Request) =>
      await Promise.resolve(new Response())
    );
    const promised: Promise<Response> = asyncHandler(
      new Request("http://localhost/"),
      "what the server passes, too",
    );
    Deno.serve(
      instrumentHandler((request, info) =>
        new Response(`${request.method} of ${info.remoteAddr.transport}`)
      ),
    );
    void promised;

    const throughPromise = time(observer, generic("a"));
    is<Equal<typeof throughPromise, Promise<string>>>();

    // Generics, overloads, properties, generators and `this` are kept.
    interface Parse {
      (text: string): string;
      (bytes: Uint8Array, encoding: string): Promise<string>;
      readonly route: "/";
    }
    const parse = time(observer)({} as Parse);
    is<Equal<typeof parse, Parse>>();
    const numbers = countExceptions(gauge)(function* (to: number) {
      for (let n = 0; n < to; n++) yield n;
      return "end";
    });
    is<Equal<ReturnType<typeof numbers>, Generator<number, string, unknown>>>();
    const withThis = trackInprogress(gauge)(function (this: Date) {
      return this.getTime();
    });
    is<Equal<ThisParameterType<typeof withThis>, Date>>();
    const sometimes = time(observer)((n: number) =>
      n > 0 ? n : Promise.resolve(n)
    );
    is<Equal<ReturnType<typeof sometimes>, number | Promise<number>>>();
    const like = time(observer)((): PromiseLike<number> => Promise.resolve(1));
    is<Equal<typeof like, () => PromiseLike<number>>>();
    // deno-lint-ignore no-explicit-any
    type Untyped = (...args: any[]) => any;
    const untyped = time(observer)({} as Untyped);
    is<Equal<typeof untyped, Untyped>>();
    const helper = <F extends (...args: never[]) => unknown>(wrapped: F): F =>
      time(observer)(countExceptions(gauge)(wrapped));
    is<Equal<ReturnType<typeof helper<typeof fn>>, typeof fn>>();

    const _failing: () => never = time(observer)((): never => {
      throw new RangeError("no");
    });

    // What is expected of a wrapped function types its parameters.
    const handler: (request: Request) => Promise<Response> = time(observer)(
      countExceptions(gauge)(async (request) =>
        await Promise.resolve(new Response(request.url))
      ),
    );
    is<Equal<Parameters<typeof handler>, [request: Request]>>();
    const _defaulted: (n?: number) => number = time(observer)(
      trackInprogress(gauge)((n = 0) => n),
    );
    ["a"].map(time(observer)((text: string) => text.length));

    // Where a native promise comes back in place of what was declared.
    class Task<T> extends Promise<T> {
      cancel() {}
    }
    interface Query extends PromiseLike<number[]> {
      where(condition: string): Query;
    }
    const task = time(observer)((_n: number) =>
      Task.resolve("") as Task<string>
    );
    is<Equal<ReturnType<typeof task>, Promise<string>>>();
    is<Equal<Parameters<typeof task>, [_n: number]>>();
    const query = time(observer)((): Query => ({}) as Query);
    is<Equal<ReturnType<typeof query>, Promise<number[]>>>();
    // @ts-expect-error it is no query any more
    query().where("id = 1");

    is<Equal<Decorated["method"], (a: number) => Promise<number>>>();
    is<Equal<Decorated["field"], (a: number) => string>>();
    const descriptor: TypedPropertyDescriptor<typeof fn> = {};
    const legacy = time(observer)({} as Decorated, "method", descriptor);
    is<Equal<typeof legacy, TypedPropertyDescriptor<typeof fn>>>();

    // The metric's type tells the names of its labels, and the wrapper's options
    // what the functions in them are given.
    const options = {
      name: "a",
      help: "a",
      labelNames: ["route", "status"],
    } as const;
    for (
      const client of [promClient, successor as unknown as typeof promClient]
    ) {
      const histogram = new client.Histogram(options);
      time(histogram, { labels: { route: "/" } });
      time(histogram, {
        labels: ({ status, args: [request] }) => ({
          status,
          route: request.url,
        }),
        exemplar: ({ reason }) => reason ? { traceId: "a" } : undefined,
        onError: (error) => console.log(error),
      });
      time(histogram, Promise.resolve(1), { labels: { status: "ok" } });
      countExceptions(new client.Counter(options), {
        labels: ({ status }) => {
          is<Equal<typeof status, "rejected" | "aborted" | "timeout">>();
          return { status };
        },
        exc: [RangeError, DOMException],
        filter: (reason) => reason instanceof Error,
      });
      trackInprogress(new client.Gauge(options), {
        labels: ({ args }) => ({ route: args[0] }),
      });
      // A metric whose label names are not known takes any, as its child does.
      time(
        new client.Histogram({ ...options, labelNames: ["a"] as string[] }),
        {
          labels: { whatever: 1 },
        },
      );
      time(histogram.labels("/", "ok"), { labels: { whatever: 1 } });

      // @ts-expect-error the metric has no such label
      time(histogram, { labels: { colour: "red" } });
      // @ts-expect-error the metric has no such label
      time(histogram, { labels: () => ({ colour: "red" }) });
      // @ts-expect-error the metric has no such label
      time(histogram, Promise.resolve(1), { labels: { colour: "red" } });
      // @ts-expect-error the metric has no such label
      countExceptions(new client.Counter(options), {
        labels: { colour: "red" },
      });
      // @ts-expect-error the metric has no such label
      trackInprogress(new client.Gauge(options), { labels: { colour: "red" } });
      const later = () => Promise.resolve({ route: "/" });
      // @ts-expect-error a promise makes no labels
      time(histogram, { labels: later });
    }
    const ofSuccessor = new successor.Histogram(options);
    time(ofSuccessor, { labels: { route: "/" } });
    // @ts-expect-error the metric has no such label
    time(ofSuccessor, { labels: { colour: "red" } });
    time(new successor.Summary({ name: "a", help: "a" }), {});

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
    // @ts-expect-error a class is no function to wrap
    time(observer)(URL);
    // @ts-expect-error a promise is missing
    time(observer, null);
    // @ts-expect-error there is no such option
    time(observer, { lables: {} });
    // @ts-expect-error trackInprogress has no such option
    trackInprogress(gauge, { exc: RangeError });
    // @ts-expect-error a gauge has no observe()
    time(gauge);
    // @ts-expect-error a histogram has no inc()
    countExceptions(observer);
    // @ts-expect-error filter is a function
    countExceptions(gauge, { filter: RangeError.prototype });
    // @ts-expect-error a registry lists its metrics
    metricsHandler({ registry: {} });
    // @ts-expect-error the wrapped function's arguments are those of the function
    timed("1");
  };
  assertEquals(typeof _uses, "function");
});

test("types let legacy decorators compile, and refuse wrong ones", () => {
  const file = join(import.meta.dirname!, "fixtures/decorated_legacy_types.ts");
  const program = ts.createProgram([file], {
    strict: true,
    noEmit: true,
    experimentalDecorators: true,
    allowImportingTsExtensions: true,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    lib: ["lib.esnext.d.ts", "lib.dom.d.ts"],
    types: [],
  });
  const messages = ts.getPreEmitDiagnostics(program).map(({ messageText }) =>
    ts.flattenDiagnosticMessageText(messageText, "\n")
  );
  assertEquals(messages, []);
  assertEquals(program.getSourceFile(file) !== undefined, true);
});
