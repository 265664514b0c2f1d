/**
 * Names a value for an error message: short, and without the contents of
 * objects, which may be secret or endless.
 */
export function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") {
    const kind = isClass(value)
      ? "class"
      : isGenerator(value)
      ? "generator function"
      : "function";
    return value.name === "" ? `an unnamed ${kind}` : `${kind} "${value.name}"`;
  }
  if (typeof value !== "object" || value === null) return String(value);
  const name = value.constructor?.name;
  return name ? `an object of class "${name}"` : "an object";
}

/** Tells a class from other functions; a method may be named `class`. */
export function isClass(fn: object): boolean {
  return /^class\b(?!\s*\()/.test(Function.prototype.toString.call(fn));
}

/** Tells a generator function, asynchronous or not, from others. */
export function isGenerator(fn: object): boolean {
  return /GeneratorFunction\]$/.test(Object.prototype.toString.call(fn));
}
