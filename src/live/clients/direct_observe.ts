import { readSource } from "../../clients/method_source.ts";
import type { StoredMetric } from "../../clients/storage.ts";
import { type Override, override } from "../override.ts";

/** Both clients' key for a label set without labels. */
export const UNLABELLED = "";

/**
 * Counts what a histogram without labels observes where it is kept: there is one
 * label set, which nobody has to look for. Whatever is no plain number goes the
 * client's own way, and so does what children and timers observe.
 */
export class DirectObserve {
  readonly #histogram: StoredMetric;
  readonly #source: string;
  readonly #count: (observation: number) => boolean;
  #override: Override | undefined;
  #isOver = false;

  /**
   * Begins, if the histogram can be observed directly by now.
   *
   * @param source What its `observe()` must say, see {@linkcode readSource}: one
   * that somebody has put in its place may do more than to count. What it calls
   * is private to the client, and nobody else's.
   * @param count Counts an observation; tells whether it could.
   */
  constructor(
    histogram: StoredMetric,
    source: string,
    count: (observation: number) => boolean,
  ) {
    this.#histogram = histogram;
    this.#source = source;
    this.#count = count;
    this.begin();
  }

  /** Begins, unless that was done: a constructor sets `observe` late. */
  begin(): void {
    if (this.#override !== undefined || this.#isOver) return;
    const histogram = this.#histogram;
    const own = Object.getOwnPropertyDescriptor(histogram, "observe");
    const observe = own?.value;
    if (
      !own?.configurable || typeof observe !== "function" ||
      readSource(observe) !== this.#source
    ) return;
    const count = (self: unknown, given: unknown) =>
      // Who has kept the function may call it when it counts nothing any more.
      !this.#isOver && self === histogram && Number.isFinite(given) &&
      this.#count(given as number);
    const { name } = observe;
    // A method, as the client's is: it has its name, and constructs nothing.
    const { [name]: value } = {
      [name](this: unknown, given: unknown, value: unknown): unknown {
        return count(this, given)
          ? undefined
          : observe.call(this, given, value);
      },
    };
    this.#override = override(histogram, "observe", { ...own, value });
  }

  /** Ends that, for good. */
  end(): void {
    this.#isOver = true;
    this.#override?.restore();
  }
}
