import type { AnswerRecord } from "../exposition/own_metrics.ts";
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

/** The last scrapes of a server, for people to look at. */
export class ScrapeLog {
  readonly #scrapes: LoggedScrape[] = [];

  /** The scrapes, the last one first. */
  get latest(): readonly LoggedScrape[] {
    return this.#scrapes;
  }

  /** Remembers a scrape. */
  add(
    { headers }: Pick<Request, "headers">,
    remoteAddress: string | undefined,
    { record, failures }: AnsweredScrape,
  ): void {
    this.#scrapes.unshift({
      ...record,
      at: new Date(),
      userAgent: headers.get("user-agent") ?? "unknown",
      remoteAddress,
      failed: [...new Set(failures.map(({ collector }) => collector))],
    });
    this.#scrapes.length = Math.min(this.#scrapes.length, KEPT);
  }
}
