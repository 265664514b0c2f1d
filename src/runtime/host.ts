import type process from "node:process";

/** The process that this runs in; browsers have none. */
const host = (globalThis as { process?: Partial<typeof process> }).process;

const types = host?.getBuiltinModule?.("node:util").types;

/** A variable of the environment, unless empty; Deno throws without permission. */
export function fromEnvironment(name: string): string | undefined {
  return host?.env?.[name] || undefined;
}

/** Functions that older versions do not have; all of them are used. */
const NEEDED: readonly unknown[] = [
  Promise.withResolvers,
  URL.parse,
  String.prototype.toWellFormed,
];

/**
 * Refuses a version of the runtime that is too old, before an action fails in its
 * midst; importing the package works there.
 *
 * @param needed Functions that the action needs.
 */
export function requireVersion(
  action: string,
  needed: readonly unknown[] = NEEDED,
): void {
  if (needed.every((each) => each !== undefined)) return;
  // Deno and Bun have a version of Node as well.
  const { deno, bun, node } = host?.versions ?? {} as Record<string, string>;
  const [found] = Object.entries({ Deno: deno, Bun: bun, Node: node })
    .filter(([, version]) => version !== undefined);
  const received = found?.join(" ") ?? "another runtime";
  throw new Error(
    `Cannot ${action}: Deno 2.9, Bun 1.4 or Node 22.18, or a later version, is ` +
      `required, received ${received}`,
  );
}

let cache: Readonly<Record<string, unknown>> | undefined;

/**
 * The CommonJS modules that this thread has loaded, by their paths; on Bun ES
 * modules are among them.
 */
export function moduleCache(): Readonly<Record<string, unknown>> {
  // `createRequire` takes any path, but refuses some modules' URLs: `https:`.
  return cache ??=
    host?.getBuiltinModule?.("node:module").createRequire("/").cache ?? {};
}

/**
 * Reads a data property without running code: getters, proxies and ES modules
 * yield `undefined`.
 *
 * @param isOwn Whether inherited properties are left out.
 */
export function dataOf(
  object: unknown,
  name: PropertyKey,
  isOwn = true,
): unknown {
  if (typeof object !== "object" && typeof object !== "function") return;
  if (object === null || types === undefined || types.isProxy(object)) return;
  // Reading a binding of an ES module throws before the module has run.
  if (types.isModuleNamespaceObject(object)) return;
  const property = Object.getOwnPropertyDescriptor(object, name);
  if (property !== undefined || isOwn) return property?.value;
  return dataOf(Object.getPrototypeOf(object), name, isOwn);
}
