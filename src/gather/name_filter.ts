/** Tells whether a metric is wanted, by its name and type. */
export type NameFilter = (name: string, type: unknown) => boolean;

/**
 * Makes a filter of the names that a scrape asks for: those of families, as the
 * text format or OpenMetrics calls them, or of their samples.
 */
export function nameFilter(names: readonly string[]): NameFilter {
  if (names.length === 0) return () => true;
  const wanted = new Set(names);
  return (name, type) =>
    wanted.has(name) ||
    suffixesOf(type).some((suffix) => wanted.has(name + suffix)) ||
    (name.endsWith("_total") && wanted.has(name.slice(0, -"_total".length)));
}

/** What the samples' names of a type may end in; a type that is not known, in all. */
function suffixesOf(type: unknown): readonly string[] {
  if (type === "counter" || type === "gauge") return [];
  return ["_bucket", "_sum", "_count"];
}

/** A request's query, or the reason why it is refused. */
export type NamesOrReason =
  | { readonly names: readonly string[] }
  | { readonly reason: string };

/** Reads the names that a query asks for; other parameters are left alone. */
export function readNames(search: string): NamesOrReason {
  try {
    // `URLSearchParams` takes what it cannot decode as it is.
    decodeURIComponent(search);
  } catch {
    return { reason: "the query must be UTF-8, percent-encoded" };
  }
  const names = new URLSearchParams(search).getAll("name[]");
  if (names.includes("")) {
    return { reason: 'the name of a metric must follow "name[]="' };
  }
  return { names };
}
