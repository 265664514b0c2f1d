/**
 * Measures requests from before a client is loaded on. Prints what two scrapes
 * have of them, the second one with the metrics of a client.
 */
import { serverStats } from "../../src/exposition/mod.ts";
import { instrumentHandler } from "../../src/http/mod.ts";
import { loadedRegistries } from "../../src/clients/loaded.ts";

const answer = () => new Response(null, { status: 204 });
const measure = (route: string) =>
  instrumentHandler(answer, { route })(new Request("http://localhost/"));
const scrape = async () => {
  const response = await serverStats(new Request("http://localhost/metrics"));
  return (await response.text()).split("\n")
    .filter((line) => line.startsWith("http_requests_total{"))
    .map((line) => line.slice("http_requests_total".length));
};

measure("/first");
const isImported = [loadedRegistries().length > 0];
const before = await scrape();
// A scrape that finds no client has imported one.
isImported.push(loadedRegistries().length > 0);
measure("/second");
const after = await scrape();
console.log(JSON.stringify({ before, after, isImported }));
