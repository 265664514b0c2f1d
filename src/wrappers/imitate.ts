/**
 * Makes a wrapper look like what it wraps: name, arity, properties and kind.
 *
 * Frameworks tell kinds apart by the tag or the constructor, both of which a
 * function inherits: that of an async function says `AsyncFunction`.
 */
export function imitate<F extends object>(wrapped: F, fn: F): F {
  const properties: PropertyDescriptorMap = Object.getOwnPropertyDescriptors(
    fn,
  );
  const { prototype } = properties;
  // That of a wrapper with one can be replaced, but stays of the kind it is.
  if (prototype !== undefined && Object.hasOwn(wrapped, "prototype")) {
    delete properties.prototype;
    const { value, writable = true } = prototype;
    Object.defineProperty(wrapped, "prototype", { value, writable });
  }
  Object.defineProperties(wrapped, properties);
  return Object.setPrototypeOf(wrapped, Object.getPrototypeOf(fn));
}
