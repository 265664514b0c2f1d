import { now } from "../runtime/wait.ts";

/** Allows so many requests a second on average, and as many at once. */
export class RateLimit {
  readonly #perSecond: number;
  #left: number;
  #at = now();

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#left = this.#burst;
  }

  /** Counts a request; yields after how many seconds it may come, 0 if now. */
  take(): number {
    const passed = (now() - this.#at) / 1000;
    this.#at += passed * 1000;
    this.#left = Math.min(this.#left + passed * this.#perSecond, this.#burst);
    if (this.#left < 1) return Math.ceil((1 - this.#left) / this.#perSecond);
    this.#left--;
    return 0;
  }

  get #burst(): number {
    return Math.max(this.#perSecond, 1);
  }
}
