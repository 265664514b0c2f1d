/**
 * The used parts of Node's and the frameworks' objects. They are described here, not
 * imported: any version that has them fits.
 *
 * @module
 */

/** The request of `node:http` or `node:http2`, or a framework's that extends it. */
export interface NodeRequest {
  /** The method. */
  readonly method?: string;
  /** The headers, by their names in lower case. */
  readonly headers: Readonly<
    Record<string, string | readonly string[] | undefined>
  >;
}

/** The response of `node:http` or `node:http2`, or a framework's that extends it. */
export interface NodeResponse {
  /** The status that is, or would be, sent. */
  readonly statusCode: number;
  /** Whether status and headers were sent. */
  readonly headersSent: boolean;
}

/**
 * A request that was handled, and its response.
 *
 * @typeParam Q The class of the request.
 * @typeParam R The class of the response.
 */
export interface NodeCall<Q = NodeRequest, R = NodeResponse> {
  /** The request. */
  readonly request: Q;
  /** The response. */
  readonly response: R;
}

/** Koa's context. */
export interface KoaContext {
  /** Node's request. */
  readonly req: NodeRequest;
  /** Node's response. */
  readonly res: NodeResponse;
  /** Whether Koa writes the response. */
  respond?: boolean;
}

/** Fastify's request. */
export interface FastifyRequest {
  /** Node's request. */
  readonly raw: NodeRequest;
  /** The route; without an URL if none was found. */
  readonly routeOptions: { readonly url?: string };
}

/** Fastify's reply. */
export interface FastifyReply {
  /** Node's response. */
  readonly raw: NodeResponse;
  /** Leaves the response to the handler. */
  hijack(): unknown;
}

/** An instance of Fastify. */
export interface FastifyInstance {
  /** Adds a hook. */
  // Its overloads fit no other type.
  // deno-lint-ignore no-explicit-any
  addHook(name: "onRequest", hook: (...args: any[]) => void): any;
}
