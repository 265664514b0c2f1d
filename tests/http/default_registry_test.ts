import { assertEquals } from "@std/assert";
import { runProgram } from "../_spawn.ts";
import { test } from "../_suite.ts";

test("without a registry the metrics join a loaded client's, and are shared there", async () => {
  const { stdout } = await runProgram("tests/programs/default_registry.ts");
  assertEquals(JSON.parse(stdout), {
    counted: [
      '{method="GET",route="/default",status="204"} 1',
      '{method="GET",route="/explicit",status="204"} 1',
    ],
    refusal:
      "Cannot measure requests: the registry must not have a metric of the name " +
      '"taken_http_requests_total" already; give these another `prefix`',
    cleared: ['{method="GET",route="/cleared",status="204"} 1'],
  });
});

test("without a registry the metrics are served before and after a client is loaded", async () => {
  const { stdout } = await runProgram("tests/programs/no_client.ts");
  assertEquals(JSON.parse(stdout), {
    before: ['{method="GET",route="/first",status="204"} 1'],
    after: [
      '{method="GET",route="/first",status="204"} 1',
      '{method="GET",route="/second",status="204"} 1',
    ],
    isImported: [false, true],
  });
});

test("without a registry the handlers of two copies of the package share one", async () => {
  const { stdout } = await runProgram("tests/programs/two_copies.ts");
  assertEquals(JSON.parse(stdout), [
    'http_requests_total{method="GET",route="_OTHER",status="204"} 2',
  ]);
});
