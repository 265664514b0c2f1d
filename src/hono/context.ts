/**
 * The part of Hono that is needed. It is described here rather than imported, so
 * that an application may have its Hono from npm or from JSR, in any version that
 * has these.
 *
 * @module
 */

/**
 * A route that a request has matched, middleware included.
 *
 * @example The routes that have matched
 * ```ts
 * import type { HonoRoute } from "@prometheus-async/prometheus-async/hono";
 *
 * const spell = ({ method, path }: HonoRoute) => `${method} ${path}`;
 * const route: HonoRoute = { method: "GET", path: "/users/:id", handler() {} };
 * if (spell(route) !== "GET /users/:id") throw new Error("changed");
 * ```
 */
export interface HonoRoute {
  /** The pattern, with that of the application that it was mounted in. */
  readonly path: string;
  /** The method, `"ALL"` for any. */
  readonly method: string;
  /** What was registered. */
  // deno-lint-ignore ban-types
  readonly handler: Function;
}

/**
 * Hono's request.
 *
 * @example What is read of a request
 * ```ts
 * import type { HonoRequest } from "@prometheus-async/prometheus-async/hono";
 * import { Hono } from "hono";
 *
 * const method = ({ raw }: HonoRequest) => raw.method;
 * const app = new Hono();
 * app.get("/", (c) => c.text(method(c.req)));
 * const response = await app.request("/");
 * if (await response.text() !== "GET") throw new Error("changed");
 * ```
 */
export interface HonoRequest {
  /** The request that the server handed on. */
  readonly raw: Request;
  /** The routes that it has matched, in the order in which they run. */
  readonly matchedRoutes: readonly HonoRoute[];
  /** Which of them has run last. */
  readonly routeIndex: number;
}

/**
 * Hono's context: a `Context` fits.
 *
 * @example A label for any context
 * ```ts
 * import { type HonoContext, prometheus } from "@prometheus-async/prometheus-async/hono";
 * import { Hono } from "hono";
 * import { Registry } from "prom-client";
 *
 * const registry = new Registry();
 * const secure = (c: HonoContext) => String(c.req.raw.url.startsWith("https:"));
 * const app = new Hono();
 * app.use(prometheus({ registry, labels: { secure } }));
 * app.get("/", (c) => c.text("hello"));
 * await (await app.request("https://localhost/")).text();
 * const text = await registry.metrics();
 * if (!text.includes('secure="true"')) throw new Error(text);
 * ```
 */
export interface HonoContext {
  /** The request. */
  readonly req: HonoRequest;
  /** The response, once there is one. */
  res: Response | undefined;
  /** What the server handed on beside the request. */
  // deno-lint-ignore no-explicit-any
  readonly env: any;
  /** Whether there is a response. */
  readonly finalized: boolean;
}
