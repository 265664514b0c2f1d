/**
 * The part of Hono's `Context` that is needed. It is described rather than imported,
 * so that Hono may come from npm or from JSR, in any version that has these.
 */
export interface HonoContext {
  /** Hono's request. */
  readonly req: {
    /** The request that the server handed on. */
    readonly raw: Request;
    /**
     * The routes that match, middleware included, in the order in which they run:
     * the pattern, with that of the application that it was mounted in; the method,
     * `"ALL"` for any; and the registered function.
     */
    readonly matchedRoutes: readonly {
      readonly path: string;
      readonly method: string;
      // deno-lint-ignore ban-types
      readonly handler: Function;
    }[];
    /** The index of the route that ran last. */
    readonly routeIndex: number;
  };
  /** The response, once there is one. */
  res: Response | undefined;
  /** The server's arguments beside the request. */
  // deno-lint-ignore no-explicit-any
  readonly env: any;
  /** Whether there is a response. */
  readonly finalized: boolean;
}
