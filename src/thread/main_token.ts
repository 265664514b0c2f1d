import { Deadline } from "../exposition/deadline.ts";
import type { MainThread } from "./main_thread.ts";
import type { TokenAnswer } from "./protocol.ts";
import { fromSent } from "./sent_error.ts";

/** For how long the main thread may be silent while it is waited for, in seconds. */
const PATIENCE_SECONDS = 0.25;

/** How often it is looked whether it is, in milliseconds. */
const LOOK_MS = 50;

/** What a {@linkcode MainToken} works with. */
export interface MainTokenOptions {
  /** The token that the function has yielded before the thread was started. */
  readonly first: string | undefined;
  readonly main: Pick<MainThread, "silence">;
  /** Sends the main thread a question. */
  readonly ask: (id: number) => void;
}

/** A question that the main thread has not answered. */
interface Asked {
  readonly id: number;
  /** When, by the clock of `performance`. */
  readonly at: number;
  readonly answered: PromiseWithResolvers<TokenAnswer>;
}

/**
 * The token of service discovery, where a function on the main thread yields it:
 * the one that it has yielded last, while the main thread is blocked.
 */
export class MainToken {
  readonly #options: MainTokenOptions;
  #last: string | undefined;
  #isFirst = true;
  #lastId = 0;
  #asked: Asked | undefined;

  /** Makes one that has asked nothing. */
  constructor(options: MainTokenOptions) {
    this.#options = options;
    this.#last = options.first;
  }

  /**
   * Yields the token.
   *
   * @throws What the function has thrown.
   * @throws {Error} If it is given up, since it is asked anew.
   */
  async get(): Promise<string | undefined> {
    if (this.#isFirst) {
      this.#isFirst = false;
      return this.#last;
    }
    const asked = this.#question();
    const { promise } = asked.answered;
    do {
      if (await new Deadline(LOOK_MS).waitFor(promise)) {
        const { token, failure } = await promise;
        if (failure !== undefined) throw fromSent(failure);
        return token;
      }
      if (this.#options.main.silence > PATIENCE_SECONDS) return this.#last;
    } while (this.#asked === asked);
    throw new Error("Cannot yield token: it was asked for again meanwhile");
  }

  /** Takes the main thread's answer. */
  take(answer: TokenAnswer): void {
    if (answer.id !== this.#asked?.id) return;
    if (answer.failure === undefined) this.#last = answer.token;
    this.#asked.answered.resolve(answer);
    this.#asked = undefined;
  }

  /** Asks, unless the main thread is silent with a question unanswered. */
  #question(): Asked {
    const asked = this.#asked;
    if (asked !== undefined) {
      const ago = (performance.now() - asked.at) / 1000;
      if (this.#options.main.silence >= ago) return asked;
    }
    const id = ++this.#lastId;
    this.#options.ask(id);
    return this.#asked = {
      id,
      at: performance.now(),
      answered: Promise.withResolvers(),
    };
  }
}
