import {
  countExceptions,
  time,
  trackInprogress,
} from "@prometheus-async/prometheus-async";
import { Counter, Gauge, Histogram, register } from "prom-client";

const fetchTime = new Histogram({
  name: "fetch_seconds",
  help: "Time to fetch a page",
  buckets: [1, 10],
});
const failures = new Counter({
  name: "fetch_failures_total",
  help: "Pages that could not be fetched",
});
const inprogress = new Gauge({
  name: "fetches_inprogress",
  help: "Pages that are being fetched",
});

class Crawler {
  @time(fetchTime)
  @countExceptions(failures)
  @trackInprogress(inprogress)
  async fetchPage(url: string): Promise<string> {
    const response = await fetch(url);
    return await response.text();
  }
}

const crawler = new Crawler();
console.log(await crawler.fetchPage("data:,hello"));
await crawler.fetchPage("nowhere").catch((error) => console.log(error.name));

console.log(await register.metrics());
