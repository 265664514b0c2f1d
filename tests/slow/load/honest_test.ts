import { assertEquals, assertStringIncludes } from "@std/assert";
import { Agent } from "node:http";
import { test } from "../../_suite.ts";
import {
  type Answered,
  ask,
  type Besieged,
  PROFILE,
  withBesieged,
} from "./_besieged.ts";

/** How long the slow collector takes, in milliseconds. */
const SLOW_MS = 6000;

/** The headers of Prometheus 3, and of 2. */
const ACCEPTS = [
  "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6," +
  "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.5,*/*;q=0.1",
  "application/openmetrics-text;version=0.0.1;q=0.75,text/plain;q=0.5",
];

const within = (seconds: number) => ({
  "x-prometheus-scrape-timeout-seconds": String(seconds),
});

/** Asks again and again until a time is over; yields the answers. */
async function keepAsking(
  pauseMs: number,
  isOver: () => boolean,
  once: () => Promise<Answered>,
): Promise<Answered[]> {
  const answers: Answered[] = [];
  while (!isOver()) {
    answers.push(await once());
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  return answers;
}

/** Uses a server in all honest ways at once, until a patient scrape is answered. */
async function use(server: Besieged): Promise<void> {
  let isAnswered = false;
  const isOver = () => isAnswered;
  const patient = ask(server, "/metrics", {
    headers: { ...within(3 * SLOW_MS / 1000), accept: ACCEPTS[0] },
    timeoutMs: 60_000,
  }).finally(() => isAnswered = true);
  const pairs = ACCEPTS.flatMap((accept) =>
    Array.from({ length: 2 }, () => {
      const agent = new Agent({ keepAlive: true });
      const headers = { ...within(1), accept };
      return keepAsking(500, isOver, () =>
        ask(server, "/metrics", { headers, agent }))
        .finally(() =>
          agent.destroy()
        );
    })
  );
  const tabs = Array.from(
    { length: 3 },
    () => keepAsking(700, isOver, () => ask(server, "/")),
  );
  const probe = keepAsking(1000, isOver, () => ask(server, "/-/healthy"));
  const answers = (await Promise.all([...pairs, ...tabs, probe])).flat();
  const statuses = new Set(answers.map(({ status }) => status));
  assertEquals(statuses, new Set([200]));
  const { status, text } = await patient;
  assertEquals(status, 200);
  assertStringIncludes(text, "\nslow 1\n");
}

test("honest clients of a server on main do not notice its limits", () =>
  withBesieged("main", 20_000, PROFILE, use, SLOW_MS));

test("honest clients of a server on thread do not notice its limits", () =>
  // A busy machine may stop the main thread for a while.
  withBesieged(
    "thread",
    20_000,
    { ...PROFILE, refreshTimeout: 10_000 },
    use,
    SLOW_MS,
  ));
