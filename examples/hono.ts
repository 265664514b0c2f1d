import { metrics, prometheus } from "@prometheus-async/prometheus-async/hono";
import { Hono } from "hono";

const app = new Hono();

// Before the route of the metrics, so that scrapes are counted as well.
app.use(prometheus());
app.get("/metrics", metrics());
app.get("/users/:id", (c) => c.text(`user ${c.req.param("id")}\n`));

export default {
  // For Bun; `deno serve` takes `--host`.
  hostname: "127.0.0.1",
  fetch: app.fetch as Hono["fetch"],
};
