/**
 * The part of Hono that is needed. It is described here rather than imported, so
 * that an application may have its Hono from npm or from JSR, in any version that
 * has these.
 *
 * @module
 */

/** A route that a request has matched, middleware included. */
export interface HonoRoute {
  /** The pattern, with that of the application that it was mounted in. */
  readonly path: string;
  /** The method, `"ALL"` for any. */
  readonly method: string;
  /** What was registered. */
  // deno-lint-ignore ban-types
  readonly handler: Function;
}

/** Hono's request. */
export interface HonoRequest {
  /** The request that the server handed on. */
  readonly raw: Request;
  /** The routes that it has matched, in the order in which they run. */
  readonly matchedRoutes: readonly HonoRoute[];
  /** Which of them has run last. */
  readonly routeIndex: number;
}

/** Hono's context: a `Context` fits. */
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
