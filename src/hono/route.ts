import type { HonoContext, HonoRoute } from "./context.ts";

/**
 * Finds the route of a request that was answered: the pattern of the handler
 * that did so or, where a middleware has answered before, would have.
 *
 * @param ownHandler The middleware that asks, which answers nobody.
 * @returns `undefined` if there is none.
 */
export function routeOf(
  c: HonoContext,
  ownHandler: unknown,
): string | undefined {
  const { matchedRoutes, routeIndex } = c.req;
  const last = matchedRoutes[routeIndex];
  if (isHandler(last)) return last.path;
  const next = matchedRoutes.slice(routeIndex + 1).find(isHandler);
  if (next !== undefined) {
    // Files that a middleware serves before a handler for all that is left.
    const isLeft = isWildcard(next) && next.path.length < last.path.length;
    return isLeft ? last.path : next.path;
  }
  // A middleware has answered, such as one that serves files, or nobody has.
  const isNotFound = targetOf(last) === ownHandler ||
    // Asking for a response that is not there makes one.
    c.finalized && c.res?.status === 404;
  return isNotFound ? undefined : last.path;
}

/**
 * Tells handlers from middleware, as far as Hono shows the difference: middleware
 * is for any method, or for all paths of a kind, and takes `next`.
 */
function isHandler(route: HonoRoute): boolean {
  const isForAny = route.method === "ALL";
  const { length } = targetOf(route);
  if (!isWildcard(route)) return !isForAny || length < 2;
  // One that takes arguments as they come says that it takes none.
  return length === 1 || length === 0 && !isForAny;
}

function isWildcard({ path }: HonoRoute): boolean {
  return path.endsWith("*");
}

/**
 * What was registered: around that of an application with an error handler of its
 * own Hono puts another function, which takes `next`, too.
 */
// deno-lint-ignore ban-types
function targetOf({ handler }: HonoRoute): Function {
  let target: Composed = handler;
  while (target.__COMPOSED_HANDLER) target = target.__COMPOSED_HANDLER;
  return target;
}

// deno-lint-ignore ban-types
type Composed = Function & { readonly __COMPOSED_HANDLER?: Composed };
