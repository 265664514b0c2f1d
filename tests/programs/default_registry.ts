/**
 * Measures requests in the default registry, from before it is loaded on, beside
 * metrics that are in it already. Prints what was counted, and what went wrong.
 */
import { Counter, register } from "prom-client";
import { instrumentHandler } from "../../src/http/mod.ts";
import { samplesOf } from "../http/_scrape.ts";
import { waitUntil } from "../_wait.ts";

const errors: string[] = [];
const onError = (error: unknown) => void errors.push((error as Error).message);
const request = new Request("http://localhost/");
const answer = () => new Response(null, { status: 204 });
const later = Promise.withResolvers<Response>();

new Counter({ name: "taken_http_requests_total", help: "taken" });

instrumentHandler(answer, { registry: register, route: "/explicit" })(request);
const early = instrumentHandler(answer, { route: "/default" });
early(request);
// One that is under way while the registry is loaded.
const pending = instrumentHandler(
  (_: Request) => later.promise,
  { route: "/pending" },
)(request);
for (let n = 0; n < 2; n++) {
  instrumentHandler(answer, { prefix: "taken_", onError })(request);
}
instrumentHandler(answer, { prefix: "own_", route: "/own" })(request);

await waitUntil(60_000, "the registry is loaded", () => errors.length === 2);
early(request);
later.resolve(answer());
await pending;
const counted = await samplesOf(register, "http_requests_total");
const inprogress = await samplesOf(register, "http_requests_inprogress");
const own = await samplesOf(register, "own_http_requests_total");

let refusal = "";
try {
  instrumentHandler(answer, { prefix: "taken_" });
} catch (error) {
  refusal = (error as Error).message;
}

register.clear();
instrumentHandler(answer, { route: "/cleared" })(request);
const cleared = await samplesOf(register, "http_requests_total");
console.log(
  JSON.stringify({ counted, inprogress, own, errors, refusal, cleared }),
);
