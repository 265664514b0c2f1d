import { UnsentAnswers, type UnsentLimits } from "../runtime/unsent_answers.ts";

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

  /** Gives the place back, of an answer that is written. */
  leave(): void {
    this.#writing--;
  }
}
