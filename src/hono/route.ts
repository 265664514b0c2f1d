import type { HonoContext } from "./context.ts";

type HonoRoute = HonoContext["req"]["matchedRoutes"][number];

/**
 * Finds the route of a request that was answered: the pattern of the handler that
 * answered or, after a middleware's answer, would have.
 *
 * @param ownHandler The middleware that asks; it answers no requests.
 * @returns `undefined` without a route.
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
    // A middleware that serves files, before a handler for all other paths.
    const isLeft = endsInStar(next) && next.path.length < last.path.length;
    return isLeft ? last.path : next.path;
  }
  // A middleware answered, such as one that serves files, or no function did.
  const isNotFound = targetOf(last) === ownHandler ||
    // Without `finalized`, Hono's getter would make a response.
    c.finalized && c.res?.status === 404;
  return isNotFound ? undefined : last.path;
}

/**
 * Tells handlers from middleware, as far as Hono shows the difference: middleware
 * takes `next`, and is for any method or for paths that end in `*`.
 */
function isHandler(route: HonoRoute): boolean {
  const isForAny = route.method === "ALL";
  const { length } = targetOf(route);
  if (!endsInStar(route)) return !isForAny || length < 2;
  // A function with rest parameters has the length 0.
  return length === 1 || length === 0 && !isForAny;
}

function endsInStar({ path }: HonoRoute): boolean {
  return path.endsWith("*");
}

/**
 * The registered function. Where an application has an error handler of its own,
 * Hono wraps its functions in others, which all take `next`.
 */
// deno-lint-ignore ban-types
function targetOf({ handler }: HonoRoute): Function {
  let target: Composed = handler;
  while (target.__COMPOSED_HANDLER) target = target.__COMPOSED_HANDLER;
  return target;
}

// deno-lint-ignore ban-types
type Composed = Function & { readonly __COMPOSED_HANDLER?: Composed };
