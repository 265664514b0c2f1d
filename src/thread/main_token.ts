import { Deadline } from "../exposition/deadline.ts";
import type { TokenAnswer } from "./protocol.ts";
import { fromSent } from "./sent_error.ts";

/** How long the main thread is waited for, in milliseconds. */
const PATIENCE_MS = 250;

/** A question that the main thread has not answered. */
interface Asked {
  readonly id: number;
  readonly deadline: Deadline;
  readonly answered: PromiseWithResolvers<TokenAnswer>;
}

/**
 * The token of service discovery, where a function on the main thread yields it:
 * the one that it has yielded last, while the main thread is blocked.
 */
export class MainToken {
  readonly #ask: (id: number) => void;
  #last: string | undefined;
  #lastId = 0;
  /** Of a main thread that is silent nothing more is asked. */
  #asked: Asked | undefined;

  /**
   * Makes one that knows the first token.
   *
   * @param ask Sends the main thread a question.
   */
  constructor(first: string | undefined, ask: (id: number) => void) {
    this.#last = first;
    this.#ask = ask;
  }

  /**
   * Yields the token.
   *
   * @throws What the function has thrown.
   */
  async get(): Promise<string | undefined> {
    const { deadline, answered: { promise } } = this.#asked ??= this.#begin();
    if (await deadline.waitFor(promise)) {
      const { failure } = await promise;
      if (failure !== undefined) throw fromSent(failure);
    }
    return this.#last;
  }

  /** Takes the main thread's answer. */
  take(answer: TokenAnswer): void {
    if (answer.id !== this.#asked?.id) return;
    if (answer.failure === undefined) this.#last = answer.token;
    this.#asked.answered.resolve(answer);
    this.#asked = undefined;
  }

  #begin(): Asked {
    const id = ++this.#lastId;
    this.#ask(id);
    return {
      id,
      deadline: new Deadline(PATIENCE_MS),
      answered: Promise.withResolvers(),
    };
  }
}
