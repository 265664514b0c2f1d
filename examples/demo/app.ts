import {
  countExceptions,
  time,
  trackInprogress,
} from "@prometheus-async/prometheus-async";
import { type Context, Hono } from "hono";
import { streamText } from "hono/streaming";
import type { Counter, Gauge, Histogram, Registry } from "prom-client";
import { setTimeout as sleep } from "node:timers/promises";

/** The classes of the client package that the application's metrics are made of. */
export interface Client {
  Counter: typeof Counter;
  Gauge: typeof Gauge;
  Histogram: typeof Histogram;
  Registry: typeof Registry;
}

/** An application and the registry its metrics are in. */
export interface App {
  app: Hono;
  registry: Registry;
}

/** A small web application whose handlers are measured. */
export function createApp(
  { Counter, Gauge, Histogram, Registry }: Client,
): App {
  const registry = new Registry();
  const requestTime = new Histogram({
    name: "demo_request_duration_seconds",
    help: "Time spent in requests, to the last byte",
    labelNames: ["handler"],
    buckets: [0.001, 0.01, 0.1, 0.25, 0.5, 1],
    registers: [registry],
  });
  const exceptions = new Counter({
    name: "demo_exceptions_total",
    help: "Requests that failed",
    labelNames: ["handler"],
    registers: [registry],
  });
  const inprogress = new Gauge({
    name: "demo_requests_inprogress",
    help: "Requests being handled",
    labelNames: ["handler"],
    registers: [registry],
  });

  /** Measures a handler in all three ways, under a label of its own. */
  function measured<F extends (...args: never[]) => unknown>(
    name: string,
    handler: F,
  ): F {
    return time(requestTime.labels(name))(
      countExceptions(exceptions.labels(name))(
        trackInprogress(inprogress.labels(name))(handler),
      ),
    );
  }

  const app = new Hono();

  app.get("/fast", measured("fast", (c: Context) => c.text("fast\n")));

  app.get(
    "/slow",
    measured("slow", async (c: Context) => {
      await sleep(200);
      return c.text("slow\n");
    }),
  );

  app.get(
    "/failing",
    measured("failing", async () => {
      await sleep(5);
      throw new Error("this handler always fails");
    }),
  );

  // The handler has answered long before its last byte is sent, so what is
  // measured here is the function that writes the body.
  const write = measured(
    "streamed",
    async (stream: { write(text: string): Promise<unknown> }) => {
      for (let n = 1; n <= 5; n++) {
        await stream.write(`chunk ${n}\n`);
        await sleep(20);
      }
    },
  );
  app.get("/streamed", (c) => streamText(c, write));

  app.onError((error, c) => c.text(`${error.message}\n`, 500));

  return { app, registry };
}
