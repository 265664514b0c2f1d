import type { CollectorError } from "../errors.ts";
import type { Format } from "../formats/format.ts";
import type { Compression } from "../runtime/compress.ts";
import { type Deadline, now } from "../runtime/wait.ts";

/** The part of a scrape that decides what its answer is made of. */
export interface WantedAnswer {
  readonly format: Format;
  readonly compression: Compression | undefined;
  readonly names: readonly string[];
  /** How long collectors have. */
  readonly deadline: Deadline;
}

/** An answer's bytes, as several scrapes may be sent them. */
export interface MadeAnswer {
  /** Missing if failures are to fail the scrape. */
  readonly body?: Uint8Array<ArrayBuffer>;
  readonly encoding?: Compression;
  readonly failures: readonly CollectorError[];
}

interface SharedAnswer {
  readonly wanted: WantedAnswer;
  readonly startedAt: number;
  readonly made: Promise<MadeAnswer | undefined>;
  isMade: boolean;
}

/** The number of answers that are kept for a while. */
const KEPT = 4;

/** Answers that are being made, and those that are kept for scrapes to come. */
export class SharedAnswers {
  #answers: SharedAnswer[] = [];

  /**
   * Finds an answer for a scrape: one that was begun no longer ago than `maxAge`
   * milliseconds, or that is being made, by the deadline of the scrape or up to a
   * tenth before.
   */
  find(
    { format, compression, names, deadline }: WantedAnswer,
    maxAge: number,
  ): Promise<MadeAnswer | undefined> | undefined {
    if (this.#answers.length === 0) return undefined;
    this.#forget(maxAge);
    return this.#answers.find(({ wanted, isMade }) =>
      wanted.format.contentType === format.contentType &&
      wanted.compression === compression &&
      wanted.names.length === names.length &&
      wanted.names.every((name, i) => name === names[i]) &&
      (isMade || isAsPatient(wanted.deadline, deadline))
    )?.made;
  }

  /**
   * Shares an answer while it is made, and if nothing failed for a while; it may turn
   * out that there is no place for it.
   */
  async share(
    wanted: WantedAnswer,
    made: Promise<MadeAnswer | undefined>,
    maxAge: number,
  ): Promise<MadeAnswer | undefined> {
    const answer = { wanted, startedAt: now(), made, isMade: false };
    this.#answers.push(answer);
    let isKept = false;
    try {
      const result = await made;
      isKept = result?.failures.length === 0 && maxAge > 0;
      return result;
    } finally {
      answer.isMade = true;
      if (!isKept) this.#answers = this.#answers.filter((it) => it !== answer);
      this.#forget(maxAge);
    }
  }

  /** Lets the scrapes to come share nothing that was begun before. */
  clear(): void {
    this.#answers = [];
  }

  #forget(maxAge: number): void {
    const since = now() - maxAge;
    let kept = this.#answers.filter(({ isMade }) => isMade).length;
    this.#answers = this.#answers.filter(({ isMade, startedAt }) =>
      !isMade || kept-- <= KEPT && startedAt > since
    );
  }
}

/** Whether a scrape has as long as another one, up to a tenth less. */
function isAsPatient({ rest }: Deadline, other: Deadline): boolean {
  return rest <= other.rest && rest >= 0.9 * other.rest;
}
