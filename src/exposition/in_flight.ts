import { UnsentAnswers, type UnsentLimits } from "../runtime/unsent_answers.ts";
import { type Deadline, sleep } from "../runtime/wait.ts";

/**
 * How long a scrape waits for a place, and between two looks, in milliseconds:
 * longer than it takes for a client that reads nothing to count as stalled.
 */
const MAX_WAIT_MS = 2500;
const LOOK_MS = 50;

/** The wait that a scrape has in any case, whose collectors took all of its time. */
const LAST_WAIT_MS = 200;

/** How many scrapes wait for a place at most. */
const MAX_WAITING = 64;

/**
 * The answers in flight: those that are being written, and those that clients have
 * not taken wholly. Scrapes that wait for collectors are not: they share the runs, so
 * that a patient client keeps nobody out.
 */
export class InFlight {
  /** The answers that are not sent, of a server that tells of them. */
  readonly unsent: UnsentAnswers;
  readonly #max: number;
  #writing = 0;
  #waiting = 0;

  /** @param onFirstCut Takes the reason for which a client was cut off, once. */
  constructor(limits: UnsentLimits, onFirstCut: (error: Error) => void) {
    this.#max = limits.maxInFlight;
    this.unsent = new UnsentAnswers(limits, onFirstCut);
  }

  get size(): number {
    return this.#writing + this.unsent.size;
  }

  /** Takes a place, perhaps that of a client that stalls; tells whether there was one. */
  enter(): boolean {
    const excess = this.size - this.#max + 1;
    if (excess > 0 && !this.unsent.cutStalled(excess)) return false;
    while (this.unsent.isFull) if (!this.unsent.cutStalled(1)) return false;
    this.#writing++;
    return true;
  }

  /** Waits for a place, no longer than the client does; tells whether there was one. */
  async entered(deadline: Deadline, signal?: AbortSignal): Promise<boolean> {
    if (this.#waiting === MAX_WAITING) return false;
    this.#waiting++;
    try {
      const inBackground = signal !== undefined;
      const patience = Math.max(deadline.rest, LAST_WAIT_MS);
      const most = Math.min(patience, MAX_WAIT_MS);
      for (let waitedMs = 0; waitedMs < most; waitedMs += LOOK_MS) {
        await sleep(LOOK_MS, { signal, inBackground });
        if (this.enter()) return true;
      }
      return false;
    } finally {
      this.#waiting--;
    }
  }

  /** Gives the place back, of an answer that is written. */
  leave(): void {
    this.#writing--;
  }
}
