import type { AnswerRecord } from "../exposition/scrape_metrics.ts";
import type { AnsweredScrape } from "../exposition/scrape_handler.ts";

/** How many scrapes are remembered. */
const KEPT = 10;

/** What is remembered of an answered scrape. */
export interface LoggedScrape extends AnswerRecord {
  /** When it was answered. */
  readonly at: Date;
  /** Who asked: the `User-Agent`. */
  readonly userAgent: string;
  /** From where, if the client has an address. */
  readonly remoteAddress: string | undefined;
  /** The names of the metrics that could not be gathered. */
  readonly failed: readonly string[];
}

/**
 * Remembers a scrape, for people to look at.
 *
 * @param latest The last scrapes of a server, the last one first.
 */
export function logScrape(
  latest: LoggedScrape[],
  { headers }: Pick<Request, "headers">,
  remoteAddress: string | undefined,
  { record, failures }: AnsweredScrape,
): void {
  latest.unshift({
    ...record,
    at: new Date(),
    userAgent: headers.get("user-agent") ?? "unknown",
    remoteAddress,
    failed: [...new Set(failures.map(({ collector }) => collector))],
  });
  latest.length = Math.min(latest.length, KEPT);
}
