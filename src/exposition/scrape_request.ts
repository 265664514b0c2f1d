/** Parses how long a scrape may take, and the metrics that it asks for. */

/** The longest that a scraper is believed to wait. */
const MAX_HEADER_MS = 10 * 60_000;

/** Prometheus gives a scrape as long by default. */
const DEFAULT_MS = 10_000;

/** The time kept for encoding and the network: a tenth, within these bounds. */
const MIN_MARGIN_MS = 50;
const MAX_MARGIN_MS = 500;

/**
 * How long a scrape may take, in milliseconds: as long as Prometheus waits, less
 * a margin, and no longer than the application wants.
 *
 * @param header `X-Prometheus-Scrape-Timeout-Seconds`; any other text than a
 * positive number counts as absent.
 */
export function scrapeTimeout(
  header: string | null,
  limit: number | undefined,
): number {
  const given = Math.min(Number(header) * 1000, MAX_HEADER_MS);
  if (!(given > 0)) return limit ?? DEFAULT_MS;
  const margin = Math.min(Math.max(given / 10, MIN_MARGIN_MS), MAX_MARGIN_MS);
  return Math.min(Math.max(given - margin, given / 2), limit ?? Infinity);
}

/** The names in a request's query, or the reason why it is refused. */
export type NamesOrReason =
  | { readonly names: readonly string[] }
  | { readonly reason: string };

/** Parses the names that a query asks for; other parameters are ignored. */
export function parseNames(search: string): NamesOrReason {
  try {
    // `URLSearchParams` takes text that it cannot decode as it is.
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
