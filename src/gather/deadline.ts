/** The moment at which collectors must have ended. */
export class Deadline {
  /** How long there was from the beginning, in milliseconds. */
  readonly ms: number;
  readonly #startedAt = performance.now();

  /** Sets a deadline, from now on. */
  constructor(ms: number) {
    this.ms = ms;
  }

  /** How long there is left, in milliseconds. */
  get rest(): number {
    return this.#until(this.ms);
  }

  #until(ms: number): number {
    return Math.max(this.#startedAt + ms - performance.now(), 0);
  }

  /**
   * Waits for a promise; yields whether it settled before the deadline, or before
   * so many milliseconds from the beginning.
   */
  async waitFor(
    promise: Promise<unknown>,
    ms: number = this.ms,
  ): Promise<boolean> {
    const settled = promise.then(() => true, () => true);
    // Without need there is no timer, which a metric of resources would count.
    let timer: ReturnType<typeof setTimeout>;
    const reached = new Promise<false>((resolve) => {
      timer = setTimeout(resolve, this.#until(ms), false);
    });
    try {
      return await Promise.race([settled, reached]);
    } finally {
      clearTimeout(timer!);
    }
  }
}

/** The longest that a scraper is believed to wait. */
const MAX_HEADER_MS = 10 * 60_000;

/** Without a header or an option: what Prometheus gives a scrape by default. */
const DEFAULT_MS = 10_000;

/** What is kept for encoding and for the way: a tenth, within these bounds. */
const MIN_MARGIN_MS = 50;
const MAX_MARGIN_MS = 500;

/**
 * How long a scrape may take, in milliseconds: as long as Prometheus waits, less
 * a margin, and no longer than the application wants.
 *
 * @param header `X-Prometheus-Scrape-Timeout-Seconds`; what is no positive
 * number counts as absent.
 * @param limit The application's, in milliseconds.
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
