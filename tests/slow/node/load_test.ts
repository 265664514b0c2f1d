import { assert, assertEquals } from "@std/assert";
import { runProgram } from "../../_spawn.ts";
import { test } from "../../_suite.ts";

for (const framework of ["express", "fastify"]) {
  test(`50 000 requests to ${framework} count once each, and keep nothing`, async () => {
    const args = [framework, "50000"];
    const { stdout } = await runProgram("tests/programs/node_load.ts", args);
    const { grown, ...counted } = JSON.parse(stdout);
    assertEquals(counted, {
      answered: 50_000,
      requests: 50_000,
      durations: 50_000,
      inprogress: 0,
      // Half of them are random URLs.
      samples: [
        '{method="GET",route="/users/:id",status="200"} 25000',
        '{method="GET",route="_OTHER",status="404"} 25000',
      ],
    });
    // As in tests/slow/load/http_test.ts: two of four parts are not disturbed.
    const [, part] = grown.sort((a: number, b: number) => a - b);
    // 100 bytes kept of each of 10 000 requests.
    assert(part < 1_000_000, `grew by ${part} bytes`);
  });
}
