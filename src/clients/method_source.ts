/** The source of a method, without what runtimes and bundlers write their way. */
// deno-lint-ignore ban-types
export function readSource(method: Function): string {
  return Function.prototype.toString.call(method)
    .replaceAll(/[\s;]/g, "")
    .replaceAll(",}", "}");
}
