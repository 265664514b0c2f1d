import { now, waitFor } from "../../runtime/wait.ts";
import type { TokenAnswer } from "../protocol.ts";
import { fromSent } from "../sent_error.ts";
import type { MainProxy } from "./main_proxy.ts";

/** How long the main thread may be silent after a question, in seconds. */
const PATIENCE_SECONDS = 0.25;

/** The time between two looks for signs of life, in milliseconds. */
const LOOK_MS = 50;

/** A question without an answer yet. */
interface Asked {
  readonly id: number;
  readonly at: number;
  readonly answered: PromiseWithResolvers<TokenAnswer>;
}

/**
 * The token of service discovery that a function on the main thread yields; while
 * the main thread is blocked, the last one.
 */
export class MainToken {
  readonly #main: Pick<MainProxy, "silence">;
  readonly #ask: (id: number) => void;
  #last: string | undefined;
  #isFirst = true;
  #lastId = 0;
  #asked: Asked | undefined;

  constructor(main: Pick<MainProxy, "silence">, ask: (id: number) => void) {
    this.#main = main;
    this.#ask = ask;
  }

  /**
   * Yields the token.
   *
   * @param first The token from before the thread started.
   * @throws The error of the function.
   * @throws {Error} If another question replaces this one.
   */
  async get(first: string | undefined): Promise<string | undefined> {
    if (this.#isFirst) {
      this.#isFirst = false;
      return this.#last = first;
    }
    const asked = this.#question();
    const { promise } = asked.answered;
    do {
      if (await waitFor(promise, { ms: LOOK_MS })) {
        const { token, failure } = await promise;
        if (failure !== undefined) throw fromSent(failure);
        return token;
      }
      const waited = (now() - asked.at) / 1000;
      const silence = Math.min(this.#main.silence, waited);
      if (silence > PATIENCE_SECONDS) return this.#last;
    } while (this.#asked === asked);
    throw new Error("Cannot yield token: it was asked for again meanwhile");
  }

  take(answer: TokenAnswer): void {
    if (answer.id !== this.#asked?.id) return;
    if (answer.failure === undefined) this.#last = answer.token;
    this.#asked.answered.resolve(answer);
    this.#asked = undefined;
  }

  /** Asks again only if the main thread has given a sign since the last question. */
  #question(): Asked {
    const asked = this.#asked;
    if (asked !== undefined) {
      const ago = (now() - asked.at) / 1000;
      if (this.#main.silence >= ago) return asked;
    }
    const id = ++this.#lastId;
    this.#ask(id);
    const answered = Promise.withResolvers<TokenAnswer>();
    return this.#asked = { id, at: now(), answered };
  }
}
