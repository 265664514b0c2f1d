import { assertEquals } from "@std/assert";
import express5 from "express";
import express4 from "express4";
import { createServer } from "node:http";
import { Registry } from "prom-client";
import { middleware } from "../../src/node/mod.ts";
import { ended, progressOf, samplesOf } from "../http/_scrape.ts";
import { test } from "../_suite.ts";
import { serving } from "./_listening.ts";

/** The framework; the versions differ in what they make of a path. */
type Express = typeof express5;

const VERSIONS = {
  "Express 4": express4 as unknown as Express,
  "Express 5": express5,
};

/** Declares a test of routes, for each version. */
function routes(
  claim: string,
  set: (app: express5.Express, express: Express, version: string) => void,
  expected: (version: string) => Record<string, string>,
): void {
  for (const [version, express] of Object.entries(VERSIONS)) {
    test(`middleware() counts ${claim}, in ${version}`, async () => {
      const registry = new Registry();
      const app = express();
      app.set("env", "test");
      app.use(middleware({ registry }));
      set(app, express, version);
      await serving(createServer(app), async (port) => {
        const actual: Record<string, string> = {};
        for (const asked of Object.keys(expected(version))) {
          actual[asked] = await countedAs(port, registry, asked);
        }
        assertEquals(actual, expected(version));
      });
    });
  }
}

/** Sends a request, `METHOD path` or a path; yields its route and status. */
async function countedAs(
  port: number,
  registry: Registry,
  asked: string,
): Promise<string> {
  const before = await samplesOf(registry, "http_requests_total");
  const { requests } = await progressOf(registry);
  const [method, path] = asked.startsWith("/")
    ? ["GET", asked]
    : asked.split(" ");
  const url = `http://127.0.0.1:${port}${path}`;
  await (await fetch(url, { method, redirect: "manual" })).text();
  await ended(registry, requests + 1);
  const after = await samplesOf(registry, "http_requests_total");
  const [sample] = after.filter((each) => !before.includes(each));
  const [, route, status] = /route="(.*)",status="(.*)"\} /.exec(sample)!;
  return `${route.replaceAll("\\\\", "\\")} ${status}`;
}

const ok: express5.RequestHandler = (_request, response) =>
  void response.send("ok");

routes("routes of mounted routers by their whole patterns", (app, express) => {
  const items = express.Router({ mergeParams: true });
  items.get("/", ok);
  items.get("/:item", ok);
  const users = express.Router();
  users.get("/", ok);
  users.get("/:id", ok);
  users.use("/:id/items", items);
  app.use("/api/:version", users);
  app.use(express.Router().get("/flat/:x", ok));
  const dashed = express.Router().get("/x", ok);
  app.use("/a-b.c/", dashed);
  app.route("/route/:id").get(ok).post(ok);
  app.all("/all", ok);
  app.get("/", ok);
}, () => ({
  "/": "/ 200",
  "/api/1": "/api/:version 200",
  "/api/1/": "/api/:version 200",
  "/api/1/7": "/api/:version/:id 200",
  "/api/1/7/items": "/api/:version/:id/items 200",
  "/api/1/7/items/3": "/api/:version/:id/items/:item 200",
  "/API/2/7/items/3?a=b": "/api/:version/:id/items/:item 200",
  "/flat/7": "/flat/:x 200",
  "/a-b.c/x": "/a-b.c/x 200",
  "POST /route/7": "/route/:id 200",
  "PUT /route/7": "_OTHER 404",
  "DELETE /all": "/all 200",
  "HEAD /api/1/7": "/api/:version/:id 200",
}));

routes(
  "routes of mounted applications by their whole patterns",
  (app, express) => {
    const inner = express();
    inner.get("/users/:id", ok);
    inner.get("/odd/:n", ({ params }, response) => {
      if (params.n === "2") throw new Error("on purpose");
      response.send("ok");
    });
    const middle = express();
    middle.use("/inner/:x", inner);
    middle.get("/own", ok);
    app.use("/middle", middle);
    const inRouter = express();
    inRouter.get("/deep/:id", ok);
    app.use("/router", express.Router().use("/app", inRouter));
  },
  () => ({
    "/middle/own": "/middle/own 200",
    "/middle/inner/1/users/7": "/middle/inner/:x/users/:id 200",
    "/middle/inner/1/nowhere": "_OTHER 404",
    "/router/app/deep/7": "/router/app/deep/:id 200",
    // The outer application answers, which cannot see into others.
    "/middle/inner/1/odd/2": "/*/odd/:n 500",
    "/middle/inner/1/odd/1": "/middle/inner/:x/odd/:n 200",
    "/middle/inner/2/odd/2": "/middle/inner/:x/odd/:n 500",
  }),
);

routes("regular expressions by their source", (app, express) => {
  app.get(/^\/files\/(.*)\.txt$/, ok);
  app.use("/in", express.Router().get(/^\/\d+$/, ok));
}, () => ({
  "/files/a.txt": "^\\/files\\/(.*)\\.txt$ 200",
  "/in/42": "/in^\\/\\d+$ 200",
}));

routes("the path of several that matched", (app, express) => {
  app.get(["/a/:x", "/b/:x", /^\/c\/.+/], ok);
  app.use("/in/:y", express.Router().get(["/d", "/e/:z"], ok));
}, () => ({
  "/a/1": "/a/:x 200",
  "/b/1?q": "/b/:x 200",
  "/c/1": "^\\/c\\/.+ 200",
  "/in/1/d": "/in/:y/d 200",
  "/in/1/e/2": "/in/:y/e/:z 200",
}));

routes(
  "* for the part of a router that is mounted twice, or at a pattern",
  (app, express) => {
    const twice = express.Router().get("/users/:id", ok);
    app.use("/v1", twice);
    app.use("/v2", twice);
    app.use(["/left", "/right"], express.Router().get("/side", ok));
    app.use(/^\/odd\d/, express.Router().get("/x", ok));
  },
  (version) => ({
    "/v1/users/7": "/*/users/:id 200",
    "/v2/users/7": "/*/users/:id 200",
    "/left/side": "/*/side 200",
    "/odd1/x": version === "Express 4" ? "/*/x 200" : "^\\/odd\\d/x 200",
  }),
);

routes(
  "answers of error handlers by the route, those of middleware without",
  (app, express) => {
    app.use(
      "/guarded",
      (_request, response) => void response.status(401).send("no"),
    );
    app.get("/guarded/:id", ok);
    const router = express.Router();
    router.get(
      "/fails/:id",
      (_request, _response, next) => next(new Error("x")),
    );
    router.get("/passes/:id", (_request, _response, next) => next());
    router.post("/posted", ok);
    app.use("/in/:x", router);
    app.get("/redirects", (_request, response) => response.redirect("/"));
    app.use("/static", express.static(import.meta.dirname!));
    app.use(
      ((_error, _request, response, _next) => {
        response.status(503).send("handled");
      }) as express5.ErrorRequestHandler,
    );
  },
  () => ({
    "/guarded/1": "_OTHER 401",
    "/in/1/fails/7": "/in/:x/fails/:id 503",
    "/in/1/passes/7": "/in/:x/passes/:id 404",
    "HEAD /in/1/posted": "_OTHER 404",
    "/redirects": "/redirects 302",
    "/static/express_test.ts": "_OTHER 200",
    "/%": "_OTHER 404",
  }),
);
