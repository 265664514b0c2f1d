import { repeat } from "./wait.ts";

/** The limits of answers that clients have not taken wholly. */
export interface UnsentLimits {
  /** How many there may be, together with the scrapes that are being answered. */
  readonly maxInFlight: number;
  /** How many bytes they may hold; of bytes that several share once. */
  readonly maxHeldBytes: number;
  /** How long a client may take nothing, in milliseconds. */
  readonly sendTimeout: number;
}

/** An answer that its client has not taken wholly. */
export interface UnsentAnswer {
  /** Missing once it has ended, whoever remembers it. */
  body: Uint8Array | undefined;
  readonly cut: () => void;
  /** For how many looks the client has taken nothing. */
  idleLooks: number;
}

/**
 * The time between two looks for clients that are too slow, in milliseconds. Looks
 * are counted: a clock would go on while the event loop is blocked, and nothing can
 * be sent.
 */
const LOOK_MS = 150;

/** For how many looks a client takes nothing that stalls: most of a second. */
const STALL_LOOKS = 6;

/**
 * The answers of a server that clients have not taken wholly. Where they are too many,
 * or too large, the client gives way that has taken nothing for longest.
 */
export class UnsentAnswers {
  readonly #limits: UnsentLimits;
  readonly #onFirstCut: (error: Error) => void;
  /** Those whose clients have taken nothing for longest come first. */
  readonly #answers = new Set<UnsentAnswer>();
  /** The number of answers with the same bytes. */
  readonly #sharing = new Map<Uint8Array, number>();
  #bytes = 0;
  #hasCut = false;
  #stopLooking: (() => void) | undefined;

  /** @param onFirstCut Takes the reason for which a client was cut off, once. */
  constructor(limits: UnsentLimits, onFirstCut: (error: Error) => void) {
    this.#limits = limits;
    this.#onFirstCut = onFirstCut;
  }

  get size(): number {
    return this.#answers.size;
  }

  /** Whether their bytes leave room for no other. */
  get isFull(): boolean {
    return this.#bytes >= this.#limits.maxHeldBytes;
  }

  /** @param cut Ends the client's connection, without waiting for it. */
  add(body: Uint8Array, cut: () => void): UnsentAnswer {
    const answer = { body, cut, idleLooks: 0 };
    this.#answers.add(answer);
    const sharing = this.#sharing.get(body) ?? 0;
    this.#sharing.set(body, sharing + 1);
    if (sharing === 0) this.#bytes += body.byteLength;
    this.#stopLooking ??= repeat(LOOK_MS, () => this.#look());
    return answer;
  }

  /** Notes that a client has taken a part. */
  taken(answer: UnsentAnswer): void {
    if (!this.#answers.delete(answer)) return;
    answer.idleLooks = 0;
    this.#answers.add(answer);
  }

  /** Ends an answer: it is sent, or its client has gone. */
  remove(answer: UnsentAnswer): void {
    const { body } = answer;
    if (body === undefined) return;
    this.#answers.delete(answer);
    answer.body = undefined;
    const sharing = this.#sharing.get(body)! - 1;
    if (sharing > 0) this.#sharing.set(body, sharing);
    else {
      this.#sharing.delete(body);
      this.#bytes -= body.byteLength;
    }
    if (this.#answers.size > 0) return;
    this.#stopLooking?.();
    this.#stopLooking = undefined;
  }

  /** Cuts off the clients that have stalled for longest, if there are so many. */
  cutStalled(count: number): boolean {
    const first = [...this.#answers].slice(0, count);
    const areStalled = first.length === count &&
      first.every(({ idleLooks }) => idleLooks >= STALL_LOOKS);
    if (!areStalled) return false;
    for (const each of first) this.#cut(each, "others wait for its place");
    return true;
  }

  #look(): void {
    const { maxInFlight, maxHeldBytes, sendTimeout } = this.#limits;
    for (const answer of this.#answers) {
      answer.idleLooks++;
      if (idleMs(answer) < sendTimeout) continue;
      this.#cut(answer, "sendTimeout allows no more");
    }
    while (this.size > maxInFlight || this.#bytes > maxHeldBytes) {
      // A single answer may be larger than all may be.
      if (this.size === 1 || !this.cutStalled(1)) break;
    }
  }

  #cut(answer: UnsentAnswer, reason: string): void {
    const seconds = (idleMs(answer) / 1000).toFixed(1);
    // Runtimes may notice only when the client reads: the place is free at once.
    this.remove(answer);
    answer.cut();
    if (this.#hasCut) return;
    this.#hasCut = true;
    this.#onFirstCut(
      new Error(
        `Cannot send an answer to its end: the client took nothing for ${seconds} ` +
          `s, and ${reason}; further ones are cut off without a word`,
      ),
    );
  }
}

function idleMs({ idleLooks }: UnsentAnswer): number {
  // The first look may come at once.
  return Math.max(idleLooks - 1, 0) * LOOK_MS;
}
