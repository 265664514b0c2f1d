/** The label of a route's path: a regular expression is its source. */
export function patternOf(path: string | RegExp): string {
  return typeof path === "string" ? path : path.source;
}
