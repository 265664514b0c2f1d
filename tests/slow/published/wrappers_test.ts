import { assertEquals, assertRejects } from "@std/assert";
import { createProject } from "./_project.ts";
import { test } from "../../_suite.ts";

// Plain JavaScript, which is TypeScript too, so that it runs on all of them.
const PROGRAM = `
import { countExceptions, time, trackInprogress }
  from "@prometheus-async/prometheus-async/wrappers";
import * as root from "@prometheus-async/prometheus-async";
import { Counter, Gauge, Histogram, Registry } from "prom-client";

if (root.time !== time) throw new Error("the entry points differ");

const registers = [new Registry()];
const seconds = new Histogram({
  name: "job_seconds", help: "Time", labelNames: ["status"], registers,
});
const errors = new Counter({ name: "errors_total", help: "Errors", registers });
const inprogress = new Gauge({ name: "jobs_inprogress", help: "Jobs", registers });

const timed = time(seconds, { labels: ({ status }) => ({ status }) });
const job = timed(countExceptions(errors, { exc: RangeError })(
  trackInprogress(inprogress)(async (n = 0) => {
    const [{ value }] = (await inprogress.get()).values;
    if (n < 0) throw new RangeError("negative");
    return value;
  }),
));

const value = await job(1);
await job(-1).catch(() => {});
await time(seconds, Promise.resolve(1), { labels: { status: "promise" } });
const counts = (await seconds.get()).values
  .filter(({ metricName }) => metricName?.endsWith("_count"))
  .map(({ labels, value }) => labels.status + " " + value);
const [counted] = (await errors.get()).values;
console.log([value, counted?.value, ...counts].join(", "));
`;

test("the published package wraps functions and promises, and has its types", async () => {
  const project = await createProject();
  try {
    await project.check(PROGRAM);
    const wrong = PROGRAM.replace("exc: RangeError", "exc: 42");
    await assertRejects(() => project.check(wrong), Error);
    assertEquals(
      (await project.run(PROGRAM)).trim(),
      "1, 1, fulfilled 1, rejected 1, promise 1",
    );
  } finally {
    await project.remove();
  }
});
