import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { MetricFamily } from "../../src/types.ts";
import { test } from "../_suite.ts";
import { type Live, live, write, writeGathered } from "./_live.ts";
import {
  Application,
  oddOperation,
  type Operation,
  operation,
} from "./_operations.ts";

const RUNS = { numRuns: 200 };

/** A sample, so that no two numbers are taken for one. */
function sample(
  name: string,
  labels: Readonly<Record<string, unknown>>,
  value: number,
): string {
  const texts = Object.entries(labels)
    .filter(([, text]) => text !== undefined)
    .map(([label, text]) => [label, String(text)])
    .sort();
  return JSON.stringify([
    name,
    texts,
    Object.is(value, -0) ? "-0" : `${value}`,
  ]);
}

/** The client's values, by its own JSON. */
async function samplesOfClient(app: Application): Promise<string[]> {
  const metrics = await app.registry.getMetricsAsJSON();
  return metrics.flatMap(({ name, values }) =>
    values.map(({ labels, value, ...rest }) => {
      const { metricName = name } = rest as { metricName?: string };
      return sample(metricName, labels, value);
    })
  );
}

function samplesOfFamily(
  { name, series, values }: MetricFamily,
): string[] {
  let at = 0;
  return series.flatMap(({ labels, bounds }) => {
    if (bounds === undefined) return sample(name, labels, values[at++]);
    const buckets = [...bounds, "+Inf"].map((le) =>
      sample(`${name}_bucket`, { ...labels, le }, values[at++])
    );
    const count = values[at - 1];
    return [
      ...buckets,
      sample(`${name}_sum`, labels, values[at++]),
      sample(`${name}_count`, labels, count),
    ];
  });
}

/** The operations before a mirror is attached, while, and after. */
const history = fc.tuple(
  fc.array(operation, { maxLength: 40 }),
  fc.array(operation, { minLength: 5, maxLength: 60 }),
  fc.array(operation, { maxLength: 20 }),
);

async function perform(
  app: Application,
  operations: readonly Operation[],
): Promise<unknown[]> {
  const thrown = [];
  for (const each of operations) thrown.push(await app.perform(each));
  return thrown;
}

test("a reader yields what getMetricsAsJSON() says, whatever was done", async () => {
  await fc.assert(
    fc.asyncProperty(history, async ([before, during]) => {
      const app = new Application();
      await perform(app, before);
      const { mirror, families } = live(app.registry);
      try {
        assertEquals(mirror.notLive, []);
        for (const operations of [during.slice(0, 5), during.slice(5)]) {
          await perform(app, operations);
          const samples = families().flatMap(samplesOfFamily);
          assertEquals(samples, await samplesOfClient(app));
        }
      } finally {
        mirror.close();
      }
    }),
    RUNS,
  );
});

test("mirrors that come and go leave no trace, and yield what there is", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.oneof(
          { weight: 5, arbitrary: operation },
          { weight: 1, arbitrary: fc.constantFrom("open", "close") },
        ),
        { minLength: 10, maxLength: 80 },
      ),
      async (steps) => {
        const app = new Application();
        const untouched = new Application();
        const open: Live[] = [];
        try {
          for (const step of steps) {
            if (step === "open") open.push(live(app.registry));
            else if (step === "close") open.shift()?.mirror.close();
            else {
              assertEquals(
                await app.perform(step),
                await untouched.perform(step),
              );
            }
          }
          const expected = await writeGathered([untouched.registry]);
          assertEquals(await writeGathered([app.registry]), expected);
          for (const { families } of open) {
            assertEquals(await write(families()), expected);
          }
        } finally {
          for (const { mirror } of open) mirror.close();
        }
        assertEquals(app.internals(), untouched.internals());
      },
    ),
    RUNS,
  );
});

/** Buckets as the clients take them, too: in any order, twice, as texts. */
const ODD_BUCKETS = [5, "0.50", 1, 1, -1, "1.0", 10, Infinity] as number[];

test("a mirrored metric is what it was, and is so again afterwards", async () => {
  await fc.assert(
    fc.asyncProperty(history, async ([before, during, after]) => {
      const app = new Application(ODD_BUCKETS);
      const untouched = new Application(ODD_BUCKETS);
      const isSame = async () => {
        const { registry } = app;
        assertEquals(
          await registry.metrics(),
          await untouched.registry.metrics(),
        );
        assertEquals(
          await registry.getMetricsAsJSON(),
          await untouched.registry.getMetricsAsJSON(),
        );
      };
      await perform(app, before);
      await perform(untouched, before);
      const { mirror, families } = live(app.registry);
      try {
        assertEquals(
          await perform(app, during),
          await perform(untouched, during),
        );
        await isSame();
        assertEquals(
          await write(families()),
          await writeGathered([untouched.registry]),
        );
      } finally {
        mirror.close();
      }
      assertEquals(app.internals(), untouched.internals());
      assertEquals(await perform(app, after), await perform(untouched, after));
      await isSame();
      assertEquals(app.internals(), untouched.internals());
    }),
    RUNS,
  );
});

test("labels of any form, and values that are refused, are the client's matter", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(oddOperation, { maxLength: 30 }),
      fc.array(oddOperation, { minLength: 5, maxLength: 80 }),
      async (before, during) => {
        const app = new Application();
        const untouched = new Application();
        await perform(app, before);
        await perform(untouched, before);
        const { mirror } = live(app.registry);
        try {
          assertEquals(
            await perform(app, during),
            await perform(untouched, during),
          );
          assertEquals(
            await app.registry.metrics(),
            await untouched.registry.metrics(),
          );
        } finally {
          mirror.close();
        }
        assertEquals(app.internals(), untouched.internals());
      },
    ),
    RUNS,
  );
});
