import { inBackground } from "../runtime/background.ts";
import { BEAT_MS, CONTROL, WAITED_FOR_BEAT_MS } from "./protocol.ts";

/**
 * The signs of life of the main thread: a word in shared memory that counts up
 * as long as its event loop turns, and faster while somebody waits for it.
 */
export class Heartbeat {
  readonly #control: Int32Array;
  readonly #end: () => void;
  /** Until when each piece of work is waited for, by the clock of `performance`. */
  readonly #waits = new Map<unknown, number>();
  #endFast: (() => void) | undefined;

  /** Begins to beat; that keeps no process alive. */
  constructor(control: Int32Array) {
    this.#control = control;
    this.#end = inBackground(BEAT_MS, () => this.#beat());
  }

  /** Beats faster until some work is done, and for `ms` at most. */
  begin(work: unknown, ms: number): void {
    const until = performance.now() + ms;
    this.#waits.set(work, Math.max(until, this.#waits.get(work) ?? 0));
    this.#endFast ??= inBackground(WAITED_FOR_BEAT_MS, () => {
      this.#beat();
      const now = performance.now();
      for (const [work, until] of this.#waits) {
        if (until < now) this.done(work);
      }
    });
  }

  /** Takes that some work is done. */
  done(work: unknown): void {
    this.#waits.delete(work);
    if (this.#waits.size > 0) return;
    this.#endFast?.();
    this.#endFast = undefined;
  }

  /** Ends. */
  end(): void {
    this.#end();
    this.#endFast?.();
  }

  #beat(): void {
    Atomics.add(this.#control, CONTROL.beats, 1);
  }
}
