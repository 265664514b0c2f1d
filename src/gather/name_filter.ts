export type NameFilter = (name: string, type: unknown) => boolean;

/**
 * Makes a filter of the names that a scrape asks for: those of families, in the
 * text format or OpenMetrics, or of their samples.
 */
export function nameFilter(names: readonly string[]): NameFilter {
  if (names.length === 0) return () => true;
  const wanted = new Set(names);
  return (name, type) =>
    wanted.has(name) ||
    suffixesOf(type).some((suffix) => wanted.has(name + suffix)) ||
    (name.endsWith("_total") && wanted.has(name.slice(0, -"_total".length))) ||
    (type === "info" && wanted.has(name.replace(/_info$/, "")));
}

/** The suffixes of sample names of a type; all of them if it is not known. */
function suffixesOf(type: unknown): readonly string[] {
  if (type === "counter" || type === "gauge") return [];
  if (type === "info") return ["_info"];
  return ["_bucket", "_sum", "_count", ...type === undefined ? ["_info"] : []];
}
