import { assert, assertEquals } from "@std/assert";
import { runProgram } from "../../_spawn.ts";
import { test } from "../../_suite.ts";

test("prometheus() counts each of 10 000 requests once, and keeps nothing of them", async () => {
  const { stdout } = await runProgram("tests/programs/http_load.ts", ["10000"]);
  const { grown, ...counted } = JSON.parse(stdout);
  assertEquals(counted, {
    answered: 10_000,
    requests: 10_000,
    durations: 10_000,
    inprogress: 0,
    samples: [
      '{method="GET",route="/streams/:id",status="200"} 5000',
      '{method="GET",route="/users/:id",status="200"} 5000',
    ],
  });
  // A leak adds to each part. Engines add megabytes to one of them when they
  // compile, and free them in another. Two of four are not disturbed.
  const [, part] = grown.sort((a: number, b: number) => a - b);
  // 150 bytes kept of each of 2000 requests; an exchange takes 360.
  assert(part < 300_000, `grew by ${part} bytes`);
});

test("instrumentHandler() counts streams that nobody reads when they are collected", async () => {
  const { stdout } = await runProgram("tests/programs/abandoned_stream.ts");
  assertEquals(JSON.parse(stdout), {
    before: { requests: 0, durations: 0, inprogress: 20 },
    counted: 20,
    isOver: true,
  });
});
