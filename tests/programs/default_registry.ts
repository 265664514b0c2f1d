/**
 * Measures requests in the registry of a client that is loaded, beside metrics
 * that are in it already. Prints what was counted, and what was refused.
 */
import { Counter, register } from "prom-client";
import { instrumentHandler } from "../../src/http/mod.ts";
import { samplesOf } from "../http/_scrape.ts";

const request = new Request("http://localhost/");
const answer = () => new Response(null, { status: 204 });

new Counter({ name: "taken_http_requests_total", help: "taken" });
instrumentHandler(answer, { registry: register, route: "/explicit" })(request);
instrumentHandler(answer, { route: "/default" })(request);
const counted = await samplesOf(register, "http_requests_total");

let refusal = "";
try {
  instrumentHandler(answer, { prefix: "taken_" });
} catch (error) {
  refusal = (error as Error).message;
}

register.clear();
instrumentHandler(answer, { route: "/cleared" })(request);
const cleared = await samplesOf(register, "http_requests_total");
console.log(JSON.stringify({ counted, refusal, cleared }));
