/** A property that was replaced. */
export interface Override {
  /**
   * Puts back what was there, unless somebody else has replaced it meanwhile.
   *
   * @returns Whether that could be done: a frozen object stays as it is.
   */
  restore(): boolean;
}

/**
 * Replaces a property of an object, invisibly for those who list its properties.
 *
 * @throws {TypeError} If the object lets nobody do that.
 */
export function override(
  target: object,
  name: string,
  descriptor: PropertyDescriptor,
): Override {
  const own = Object.getOwnPropertyDescriptor(target, name);
  const enumerable = own?.enumerable ?? false;
  Object.defineProperty(target, name, {
    configurable: true,
    enumerable,
    ...descriptor,
  });
  return {
    restore() {
      const now = Object.getOwnPropertyDescriptor(target, name);
      const isOwn = now !== undefined && now.get === descriptor.get &&
        now.set === descriptor.set && now.value === descriptor.value;
      if (!isOwn) return true;
      if (!now.configurable) return false;
      if (own === undefined) delete (target as Record<string, unknown>)[name];
      else Object.defineProperty(target, name, own);
      return true;
    },
  };
}
