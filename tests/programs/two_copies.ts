/**
 * Measures requests by two copies of the package, one before a client is loaded
 * and one afterwards. Prints what a scrape has of them.
 */
import { serverStats } from "../../src/exposition/mod.ts";
import * as one from "../../src/http/mod.ts";
import { withPackageCopy } from "../_package_copy.ts";

const measure = (copy: typeof one) =>
  copy.instrumentHandler(() => new Response(null, { status: 204 }))(
    new Request("http://localhost/"),
  );

await withPackageCopy(async (load) => {
  const two = await load<typeof one>("http/mod.ts");
  measure(one);
  await import("prom-client");
  measure(two);
  const response = await serverStats(new Request("http://localhost/metrics"));
  const lines = (await response.text()).split("\n")
    .filter((line) => line.startsWith("http_requests_total{"));
  console.log(JSON.stringify(lines));
});
