import { patternOf } from "./pattern.ts";
import type { NodeRequest } from "./types.ts";

/** The path of a route, or at which a router is mounted. */
type Path = string | RegExp | readonly Path[];

interface Route {
  readonly path: Path;
  readonly methods?: Readonly<Record<string, boolean>>;
}

/** An entry in the stack of a router. */
interface Layer {
  /** Absent if it is a router, or a middleware. */
  readonly route?: Route;
  readonly handle: object;
  /** Of `router` from 2.3 on, in Express 5. */
  readonly rawPath?: Path;
  /** Express 4's, like the keys. */
  readonly regexp?: RegExp & { readonly fast_slash?: boolean };
  readonly keys?: readonly { readonly name: string | number }[];
  match(path: string): unknown;
  readonly constructor: LayerClass;
}

type LayerClass = new (
  path: string | RegExp,
  options: { end: boolean },
  handle: () => void,
) => Layer;

interface Router {
  readonly stack?: readonly Layer[];
}

interface App extends Router {
  /** The application that this one is mounted in, and where. */
  readonly parent?: App;
  readonly mountpath?: Path;
  /** Express 5's; in Express 4 a getter that throws. */
  readonly router?: Router;
  /** Express 4's. */
  readonly _router?: Router;
  readonly lazyrouter?: unknown;
}

interface ExpressRequest extends NodeRequest {
  /** The application that handles the request. */
  readonly app?: App;
  /** The route that was reached last. */
  readonly route?: Route;
  /** The path at which the current router is mounted. */
  readonly baseUrl?: string;
  readonly originalUrl?: string;
}

/** A route in an application. */
interface Place {
  /** The patterns at which its routers and applications are mounted. */
  readonly mount: string;
  readonly layer: Layer;
}

/** A part of the path whose pattern is unknown. */
const ANY = "/*";

/** Routes that were found. */
const places = new WeakMap<Route, Place>();

/** The Express application that handles a request. */
export function appOf(request: NodeRequest): unknown {
  return (request as ExpressRequest).app;
}

/**
 * Finds the route of an Express request that has ended.
 *
 * @param outer The application that measures it.
 * @returns `undefined` without a route.
 */
export function routeOf(
  request: NodeRequest,
  outer: unknown,
): string | undefined {
  const { app, route, method } = request as ExpressRequest;
  if (route === undefined) return undefined;
  const { methods, path } = route;
  // Express sets `route` for HEAD even if the route does not take it.
  const isTaken = method !== "HEAD" || !methods || methods._all ||
    methods.get || methods.head;
  if (!isTaken) return undefined;
  const place = places.get(route) ?? findPlace(route, [outer as App, app]);
  if (place !== undefined) places.set(route, place);
  const { mount = ANY, layer } = place ?? {};
  const own = isList(path) ? memberOf(path, layer, request) : patternOf(path);
  return own === "/" && mount !== "" ? mount : mount + own;
}

function findPlace(
  route: Route,
  apps: readonly (App | undefined)[],
): Place | undefined {
  for (const app of apps) {
    if (app === undefined) continue;
    const [place, other] = find(route, stackOf(app), "", []);
    if (place === undefined) continue;
    // If a router is mounted twice, the request does not tell which way it took.
    const mount = other === undefined ? place.mount : ANY;
    return { mount: mountOf(app) + mount, layer: place.layer };
  }
}

/** Finds the places of a route in a stack, and in those of the routers in it. */
function* find(
  route: Route,
  stack: readonly Layer[],
  mount: string,
  outer: readonly unknown[],
): Generator<Place> {
  // A router may be mounted in itself.
  if (outer.includes(stack)) return;
  for (const layer of stack) {
    if (layer.route === route) yield { mount, layer };
    if (layer.route !== undefined) continue;
    const inner = stackOf(layer.handle);
    if (inner.length === 0) continue;
    yield* find(route, inner, mount + partOf(layer), [...outer, stack]);
  }
}

/** The stack of an application or a router; empty for other functions. */
function stackOf(handle: App): readonly Layer[] {
  const { stack } = handle.lazyrouter === undefined
    ? handle.router ?? handle
    : handle._router ?? {};
  return Array.isArray(stack) ? stack : [];
}

/** The patterns at which an application and those around it are mounted. */
function mountOf({ parent, mountpath = "/" }: App): string {
  return parent === undefined ? "" : mountOf(parent) + cut(mountpath);
}

/** The pattern that a layer's router is mounted at. */
function partOf(layer: Layer): string {
  if (layer.rawPath !== undefined) return cut(layer.rawPath);
  if (layer.regexp?.fast_slash) return "";
  return rebuild(layer) ?? ANY;
}

/** A path without a final slash: the next part begins with one. */
function cut(path: Path): string {
  return isList(path) ? ANY : patternOf(path).replace(/\/+$/, "");
}

/** A parameter in a regular expression of Express 4, for any segment. */
const PARAMETER = /\(\?:(\\\/)?\(\[\^\\?\/\]\+\?\)\)/g;

/** Rebuilds an Express 4 path from its regular expression, if it can. */
function rebuild(layer: Layer): string | undefined {
  const { regexp, keys = [] } = layer;
  if (regexp === undefined) return undefined;
  let i = 0;
  const path = regexp.source
    .replace(/^\^/, "")
    .replace(/\\\/\?\(\?=\\\/\|\$\)$/, "")
    .replaceAll(
      PARAMETER,
      (_, slash) => `${slash ? "/" : ""}:${keys[i++]?.name}`,
    )
    .replaceAll(/\\(.)/g, "$1");
  // More than segments and parameters.
  if (/[()[\]{}|^$?*+]/.test(path)) return undefined;
  // Other paths may look alike: Express must compile this one to the same.
  const remade = new layer.constructor(path, { end: false }, () => {});
  return remade.regexp?.source === regexp.source ? path : undefined;
}

/** Finds which of several paths a request took. */
function memberOf(
  paths: readonly Path[],
  layer: Layer | undefined,
  { baseUrl = "", originalUrl = "" }: ExpressRequest,
): string {
  const url = originalUrl.slice(baseUrl.length).replace(/[?#].*/, "") || "/";
  const taken = layer &&
    membersOf(layer, paths).find(({ matcher }) => matcher.match(url))?.path;
  // After a router, `baseUrl` no longer has the path that it is mounted at.
  return taken === undefined ? ANY : patternOf(taken);
}

/** Kept by layer: each matcher compiles a pattern. */
const members = new WeakMap<Layer, readonly Member[]>();

interface Member {
  readonly path: string | RegExp;
  readonly matcher: Layer;
}

function membersOf(layer: Layer, paths: readonly Path[]): readonly Member[] {
  let found = members.get(layer);
  if (found === undefined) {
    found = flatten(paths).map((path) => {
      const matcher = new layer.constructor(path, { end: true }, () => {});
      return { path, matcher };
    });
    members.set(layer, found);
  }
  return found;
}

function flatten(path: Path): (string | RegExp)[] {
  return isList(path) ? path.flatMap(flatten) : [path];
}

function isList(path: Path): path is readonly Path[] {
  return Array.isArray(path);
}
