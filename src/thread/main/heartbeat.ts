import { now, repeat } from "../../runtime/wait.ts";
import { onTurn } from "../../runtime_metrics/turns.ts";
import { BEAT_MS, giveSign } from "../protocol.ts";

/** The time between two signs of life while the server's thread waits for the main thread. */
const WAITED_FOR_BEAT_MS = 10;

/**
 * The signs of life of the main thread, which show that its event loop turns. They
 * wake an idle process once a second, and more often only while a scrape waits.
 */
export class Heartbeat {
  readonly #control: Int32Array;
  readonly #ends: readonly (() => void)[];
  /** The work that is waited for, and until when, by `now()`. */
  readonly #waits = new Map<unknown, number>();
  #endFast: (() => void) | undefined;

  /** Begins to beat, without keeping the process alive. */
  constructor(control: Int32Array) {
    this.#control = control;
    giveSign(control);
    const beat = () => giveSign(control);
    // Where the event loop is measured, it is seen more often.
    this.#ends = [repeat(BEAT_MS, beat), onTurn(beat)];
  }

  /** Beats at once, then faster until some work is done, for `ms` at most. */
  begin(work: unknown, ms: number): void {
    giveSign(this.#control);
    const until = now() + ms;
    this.#waits.set(work, Math.max(until, this.#waits.get(work) ?? 0));
    this.#endFast ??= repeat(WAITED_FOR_BEAT_MS, () => {
      giveSign(this.#control);
      for (const [work, until] of this.#waits) {
        if (until < now()) this.done(work);
      }
    });
  }

  /** Ends the fast beat of some work. */
  done(work: unknown): void {
    this.#waits.delete(work);
    if (this.#waits.size > 0) return;
    this.#endFast?.();
    this.#endFast = undefined;
  }

  /** Ends all beats. */
  end(): void {
    for (const end of this.#ends) end();
    this.#endFast?.();
  }
}
