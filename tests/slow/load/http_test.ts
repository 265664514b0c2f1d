import { assert, assertEquals } from "@std/assert";
import { runProgram } from "../../_spawn.ts";
import { test } from "../../_suite.ts";

test("prometheus() counts each of 50 000 requests once, and keeps nothing of them", async () => {
  const { stdout } = await runProgram("tests/programs/http_load.ts", ["50000"]);
  const { grown, ...counted } = JSON.parse(stdout);
  assertEquals(counted, {
    answered: 50_000,
    requests: 50_000,
    durations: 50_000,
    inprogress: 0,
    samples: [
      '{method="GET",route="/streams/:id",status="200"} 25000',
      '{method="GET",route="/users/:id",status="200"} 25000',
    ],
  });
  // What 100 bytes kept of each of the last 10 000 would come to.
  assert(grown < 1_000_000, `grew by ${grown} bytes`);
});

test("instrumentHandler() counts streams that nobody reads when they are collected", async () => {
  const { stdout } = await runProgram("tests/programs/abandoned_stream.ts");
  assertEquals(JSON.parse(stdout), {
    before: { requests: 0, durations: 0, inprogress: 20 },
    counted: 20,
    isOver: true,
  });
});
