import { assert } from "@std/assert";
import { isMainThread } from "node:worker_threads";
import { startedAt } from "../../src/runtime/engine.ts";
import { test } from "../_suite.ts";

test(
  "startedAt() is true where an application's tests have replaced the clock",
  {
    skip: isMainThread
      ? undefined
      : "Deno and Bun tell it on the main thread only",
  },
  () => {
    const { now } = Date;
    Date.now = () => 0;
    try {
      const seconds = now() / 1000 - startedAt()!;
      // Tests have a deadline, so that this process has not run for a day.
      assert(seconds > 0 && seconds < 86_400, `${seconds} seconds ago`);
    } finally {
      Date.now = now;
    }
  },
);
