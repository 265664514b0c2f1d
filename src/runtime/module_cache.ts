import type process from "node:process";

/** The built-in modules; browsers have none. */
const builtin = (globalThis as { process?: Partial<typeof process> }).process
  ?.getBuiltinModule;

const types = builtin?.("node:util").types;

let cache: Readonly<Record<string, unknown>> | undefined;

/**
 * The CommonJS modules that this thread has loaded, by their paths; on Bun ES
 * modules are among them.
 */
export function moduleCache(): Readonly<Record<string, unknown>> {
  // A path, since `createRequire` refuses some modules' URLs, such as `https:`.
  return cache ??= builtin?.("node:module").createRequire("/").cache ?? {};
}

/**
 * Reads a data property, of an object or what it inherits from, without running
 * code: of getters, proxies and ES modules it is `undefined`.
 *
 * @param isOwn Whether what the object inherits counts for nothing.
 */
export function dataOf(
  object: unknown,
  name: PropertyKey,
  isOwn = true,
): unknown {
  if (typeof object !== "object" && typeof object !== "function") return;
  if (object === null || types === undefined || types.isProxy(object)) return;
  // A value of an ES module may not be there yet, and throws then.
  if (types.isModuleNamespaceObject(object)) return;
  const property = Object.getOwnPropertyDescriptor(object, name);
  if (property !== undefined || isOwn) return property?.value;
  return dataOf(Object.getPrototypeOf(object), name, isOwn);
}
