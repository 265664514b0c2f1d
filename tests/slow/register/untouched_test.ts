import { assertEquals, assertStringIncludes } from "@std/assert";
import { runtimeName } from "../../../src/runtime/detect.ts";
import {
  PLAIN_FLAGS,
  samplesIn,
  withPreload,
} from "../../register/_preloaded.ts";
import { test } from "../../_suite.ts";
import { assertSoon } from "../../_wait.ts";
import { record, requireBlocked } from "./_record.ts";

const PROGRAM = "./tests/programs/untouched.ts";

/** How the requests of `_record.ts` are counted where their routes are known. */
const BY_ROUTES = [
  '{method="GET",route="/parts",status="200"} 1',
  '{method="GET",route="/throws",status="500"} 1',
  '{method="GET",route="/users/:id",status="200"} 2',
  '{method="GET",route="_OTHER",status="404"} 1',
  '{method="HEAD",route="/users/:id",status="200"} 1',
  '{method="POST",route="/echo",status="200"} 1',
];

const OTHERS = ["OPTIONS", "POST"];

/** By application: the requests, or `undefined` if only their sum is known. */
const APPLICATIONS: Readonly<Record<string, readonly string[] | undefined>> = {
  "express": BY_ROUTES,
  "express 4": BY_ROUTES,
  "fastify": BY_ROUTES,
  "fastify 4": undefined,
  "koa": undefined,
  "hono": undefined,
  "fetch": undefined,
  "http": undefined,
};

/** How many requests `_record.ts` makes. */
const COUNT = 9;

/** Whether the runtime tells of an application's requests. */
function tells(application: string): boolean {
  const runtime = runtimeName();
  const isFetch = ["hono", "fetch"].includes(application);
  return runtime === "node" || runtime === "deno" && !isFetch;
}

function sum(samples: readonly string[]): number {
  return samples.reduce((sum, line) => sum + Number(line.split("} ")[1]), 0);
}

for (const [application, expected] of Object.entries(APPLICATIONS)) {
  test(`an untouched application of ${application} answers as it does without the preload`, async () => {
    const given = [PROGRAM, application];
    let without: unknown;
    const flags = PLAIN_FLAGS;
    await withPreload(given, { flags }, async ({ listening }) => {
      without = await record(await listening());
    });
    await withPreload(given, {}, async ({ listening, scrape }) => {
      const port = await listening();
      assertEquals(await record(port), without);
      const counted = async () =>
        samplesIn(await scrape(), "http_requests_total");
      if (!tells(application)) {
        assertEquals(await counted(), []);
      } else if (expected) {
        // How the other methods are answered is the framework's matter.
        await assertSoon(
          expected,
          async () =>
            (await counted()).filter((line) =>
              !OTHERS.some((method) =>
                line.includes(`"${method}",route`) && !line.includes("/echo")
              )
            ),
        );
        assertEquals(sum(await counted()), COUNT);
      } else {
        await assertSoon(COUNT, async () => sum(await counted()));
        for (const line of await counted()) {
          assertStringIncludes(line, 'route="_OTHER"');
        }
      }
      await requireBlocked(port, scrape);
    });
  });
}
