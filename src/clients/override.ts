export type Method = (this: unknown, ...given: unknown[]) => unknown;

/**
 * Puts back a replaced property, unless somebody else has replaced it meanwhile.
 *
 * @returns Whether that could be done: a frozen object stays as it is.
 */
export type Restore = () => boolean;

/** Tells whether an object permits to replace a property. */
export function isReplaceable(target: object, name: string): boolean {
  return Object.getOwnPropertyDescriptor(target, name)?.configurable ??
    Object.isExtensible(target);
}

/**
 * Replaces a property of an object; lists of its properties stay the same.
 *
 * @throws {TypeError} If the object does not permit it.
 */
export function override(
  target: object,
  name: string,
  descriptor: PropertyDescriptor,
): Restore {
  const own = Object.getOwnPropertyDescriptor(target, name);
  if (!isReplaceable(target, name)) {
    throw new TypeError(`its ${name} must not be frozen`);
  }
  Object.defineProperty(target, name, {
    configurable: true,
    enumerable: own?.enumerable ?? false,
    ...descriptor,
  });
  return () => {
    const now = Object.getOwnPropertyDescriptor(target, name);
    const isOwn = now !== undefined && now.get === descriptor.get &&
      now.set === descriptor.set && now.value === descriptor.value;
    if (!isOwn) return true;
    if (!now.configurable) return false;
    if (own === undefined) Reflect.deleteProperty(target, name);
    else Object.defineProperty(target, name, own);
    return true;
  };
}

const watched = new WeakMap<object, {
  readonly watchers: Set<unknown>;
  readonly restores: readonly Restore[];
}>();

/**
 * Replaces methods of an object, once for all its watchers, until the last of
 * them calls the result; a method that cannot be put back stays, unwatched.
 *
 * @returns `undefined` if the object lacks a method, or does not permit it.
 */
export function watchMethods<Watcher>(
  target: object,
  names: readonly string[],
  watcher: Watcher,
  wrap: (name: string, method: Method, watchers: Set<Watcher>) => Method,
): (() => void) | undefined {
  let found = watched.get(target);
  if (found === undefined) {
    const isWatchable = names.every((name) =>
      typeof Reflect.get(target, name) === "function" &&
      isReplaceable(target, name)
    );
    if (!isWatchable) return undefined;
    const watchers = new Set<Watcher>();
    const restores = names.map((name) => {
      const value = wrap(name, Reflect.get(target, name), watchers);
      return override(target, name, { writable: true, value });
    });
    watched.set(target, found = { watchers, restores });
  }
  const { watchers, restores } = found;
  watchers.add(watcher);
  return () => {
    if (!watchers.delete(watcher) || watchers.size > 0) return;
    const areRestored = restores.map((restore) => restore());
    if (areRestored.every(Boolean)) watched.delete(target);
  };
}
