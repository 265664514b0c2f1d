import { assertEquals } from "@std/assert";
import { runProgram } from "../_spawn.ts";
import { test } from "../_suite.ts";

test("without a registry the metrics join prom-client's, and share what is there", async () => {
  const { stdout } = await runProgram("tests/programs/default_registry.ts");
  const refusal =
    "Cannot measure requests: the registry must not have a metric of the name " +
    '"taken_http_requests_total" already; give these another `prefix`';
  assertEquals(JSON.parse(stdout), {
    counted: [
      '{method="GET",route="/default",status="204"} 2',
      '{method="GET",route="/explicit",status="204"} 1',
      '{method="GET",route="/pending",status="204"} 1',
    ],
    inprogress: ['{method="GET"} 0'],
    own: ['{method="GET",route="/own",status="204"} 1'],
    errors: [refusal, refusal],
    refusal,
    cleared: ['{method="GET",route="/cleared",status="204"} 1'],
  });
});
