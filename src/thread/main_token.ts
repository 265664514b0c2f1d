import { tokenOf } from "../discovery/token.ts";
import { Deadline } from "../gather/deadline.ts";
import { ACTION } from "../server/refuse.ts";
import type { PlacedDiscovery } from "./discovery.ts";
import type { MainThread } from "./main_thread.ts";
import type { TokenAnswer } from "./protocol.ts";
import { fromSent, toSent } from "./sent_error.ts";

/** For how long the main thread may be silent while it is waited for, in seconds. */
const PATIENCE_SECONDS = 0.25;

/** How often it is looked whether it is, in milliseconds. */
const LOOK_MS = 50;

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
  readonly #main: Pick<MainThread, "silence">;
  readonly #ask: (id: number) => void;
  #last: string | undefined;
  #isFirst = true;
  #lastId = 0;
  #asked: Asked | undefined;

  /**
   * Makes one that has asked nothing.
   *
   * @param ask Sends the main thread a question.
   */
  constructor(
    main: Pick<MainThread, "silence">,
    ask: (id: number) => void,
  ) {
    this.#main = main;
    this.#ask = ask;
  }

  /**
   * Yields the token.
   *
   * @param first The one that the function has yielded before the thread started.
   * @throws What the function has thrown.
   * @throws {Error} If the question is given up for another one.
   */
  async get(first: string | undefined): Promise<string | undefined> {
    if (this.#isFirst) {
      this.#isFirst = false;
      return this.#last = first;
    }
    const asked = this.#question();
    const { promise } = asked.answered;
    do {
      if (await new Deadline(LOOK_MS).waitFor(promise)) {
        const { token, failure } = await promise;
        if (failure !== undefined) throw fromSent(failure);
        return token;
      }
      if (this.#main.silence > PATIENCE_SECONDS) return this.#last;
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
      if (this.#main.silence >= ago) return asked;
    }
    const id = ++this.#lastId;
    this.#ask(id);
    const answered = Promise.withResolvers<TokenAnswer>();
    return this.#asked = { id, at: performance.now(), answered };
  }
}

/**
 * Has the token of the moment yielded on the main thread, for the other one; never
 * rejects.
 */
export async function answerToken(
  id: number,
  { token }: PlacedDiscovery,
): Promise<TokenAnswer> {
  try {
    return { id, token: await tokenOf(ACTION, token) };
  } catch (error) {
    return { id, failure: toSent(error) };
  }
}
