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
  /** Settles with nothing if there is no place for the answer. */
  readonly made: Promise<MadeAnswer | undefined>;
  readonly startedAt: number;
}

/** The number of answers that are kept for a while. */
const KEPT = 4;

/** Answers that are being made, and those that are kept for scrapes to come. */
export class SharedAnswers {
  readonly #underWay = new Set<SharedAnswer>();
  #kept: SharedAnswer[] = [];

  /** The number of answers that are being made. */
  get underWay(): number {
    return this.#underWay.size;
  }

  /**
   * Finds an answer for a scrape: one that was begun no longer ago than `maxAge`
   * milliseconds, or that is being made, by the deadline of the scrape or up to a
   * tenth before.
   */
  find(
    wanted: WantedAnswer,
    maxAge: number,
  ): Promise<MadeAnswer | undefined> | undefined {
    for (const each of this.#underWay) {
      if (!isSame(each.wanted, wanted)) continue;
      if (isAsPatient(each.wanted.deadline, wanted.deadline)) return each.made;
    }
    if (this.#kept.length === 0) return undefined;
    this.#forget(maxAge);
    return this.#kept.find((each) => isSame(each.wanted, wanted))?.made;
  }

  /** Shares an answer while it is made, and if nothing failed for a while. */
  add(
    wanted: WantedAnswer,
    made: Promise<MadeAnswer | undefined>,
    maxAge: number,
  ): void {
    const answer = { wanted, made, startedAt: now() };
    this.#underWay.add(answer);
    made.then(
      (result) => {
        const isShared = this.#underWay.delete(answer);
        if (!isShared || maxAge === 0 || result?.failures.length !== 0) return;
        this.#kept.push(answer);
        this.#forget(maxAge);
      },
      () => this.#underWay.delete(answer),
    );
  }

  /** Lets the scrapes to come share nothing that was begun before. */
  clear(): void {
    this.#underWay.clear();
    this.#kept = [];
  }

  #forget(maxAge: number): void {
    const since = now() - maxAge;
    this.#kept = this.#kept.slice(-KEPT)
      .filter(({ startedAt }) => startedAt > since);
  }
}

function isSame(one: WantedAnswer, other: WantedAnswer): boolean {
  return one.format.contentType === other.format.contentType &&
    one.compression === other.compression &&
    one.names.length === other.names.length &&
    one.names.every((name, i) => name === other.names[i]);
}

/** Whether a scrape has as long as another one, up to a tenth less. */
function isAsPatient({ rest }: Deadline, other: Deadline): boolean {
  return rest <= other.rest && rest >= 0.9 * other.rest;
}
