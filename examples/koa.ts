import { koa, metricsListener } from "@prometheus-async/prometheus-async/node";
import Router from "@koa/router";
import Koa from "koa";
import type { AddressInfo } from "node:net";
import process from "node:process";

const app = new Koa();
const router = new Router();

// Before all else, so that scrapes are counted as well.
app.use(koa());
router.get("/metrics", metricsListener());
router.get("/users/:id", (ctx) => {
  ctx.body = `user ${ctx.params.id}\n`;
});
app.use(router.routes());

const server = app.listen(Number(process.env.PORT ?? 8000), "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  console.log(`Listening on http://127.0.0.1:${port}`);
});
