import type { Ending } from "./response_end.ts";

/** The part of Bun's server that tells whether a request is still open. */
export interface RequestAddresses {
  /** The port, if it listens on one. */
  readonly port: number | undefined;
  /** How many WebSockets are open. */
  readonly pendingWebSockets: number;
  /** The address of a request's client; `null` once the request is closed. */
  requestIP(request: Request): unknown;
}

/** A response that is being sent. */
interface OpenResponse {
  readonly server: RequestAddresses;
  readonly request: Request;
  readonly ending: Ending;
}

/** How often a lane looks at a response before a slower one does. */
const LOOKS = 32;

/** How long the lanes pause between two looks, in milliseconds. */
const SHORTEST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 1280;

/**
 * Responses of Bun's server, which tells nobody when one was sent, but knows the
 * address of a client only while its request is open.
 *
 * Most are sent when the handlers of this turn have returned. The others are
 * looked at again and again, the longer they take the more seldom: what is found
 * differs from what is so by a thirty-second at most, or by 5 ms.
 */
export class OpenResponses {
  #answered: OpenResponse[] = [];
  readonly #lane = new Lane(SHORTEST_PAUSE_MS);

  /** Looks after a response that a handler is about to return. */
  add(response: OpenResponse): void {
    if (this.#answered.push(response) === 1) {
      setImmediate(() => this.#look());
    }
  }

  #look(): void {
    const answered = this.#answered;
    this.#answered = [];
    for (const response of answered) {
      if (isOpen(response)) this.#lane.add(response);
      else response.ending.end();
    }
  }
}

/** Responses that are looked at equally often. */
class Lane {
  readonly #pauseMs: number;
  readonly #slower: Lane | undefined;
  #waiting: { readonly response: OpenResponse; looks: number }[] = [];

  constructor(pauseMs: number) {
    this.#pauseMs = pauseMs;
    if (pauseMs < LONGEST_PAUSE_MS) this.#slower = new Lane(pauseMs * 2);
  }

  add(response: OpenResponse): void {
    if (this.#waiting.push({ response, looks: 0 }) === 1) this.#pause();
  }

  #pause(): void {
    // The server keeps the process alive, if anything does.
    setTimeout(() => this.#look(), this.#pauseMs).unref();
  }

  #look(): void {
    this.#waiting = this.#waiting.filter((each) => {
      const { response } = each;
      if (!isOpen(response)) {
        response.ending.end();
        return false;
      }
      if (this.#slower === undefined || ++each.looks < LOOKS) return true;
      this.#slower.add(response);
      return false;
    });
    if (this.#waiting.length > 0) this.#pause();
  }
}

function isOpen({ server, request }: OpenResponse): boolean {
  return server.requestIP(request) !== null;
}
