/** The part of Bun's server that tells whether a request is still open. */
export interface BunServer {
  /** How many WebSockets are open. */
  readonly pendingWebSockets: number;
  /**
   * The address of a request's client; `null` once the request is closed, of a
   * request that is not the server's own, and on a unix socket.
   */
  requestIP(request: Request): unknown;
}

/** Is told that a response was sent, or its request was closed. */
interface EndWatcher {
  onEnd(): void;
}

/** Of so many requests the first, or the next, are looked at, then one in so many. */
const FIRST = 32;
const ONE_IN = 64;

/**
 * Whether requests that take the same way through an application are the server's
 * own: some are rewritten on their way, and known by no server. To ask for each
 * would cost a tenth of the throughput, so only some are asked for, and all while
 * there are such among them.
 */
export class RequestOrigin {
  #left = FIRST;
  #passed = 0;

  /** Tells whether the next request is to be asked for. */
  isDue(): boolean {
    if (this.#left === 0) return ++this.#passed % ONE_IN === 0;
    this.#left--;
    return true;
  }

  /** Takes note of a request that the server does not know. */
  isUnknown(): void {
    this.#left = FIRST;
  }
}

/** A response that is being sent. */
interface OpenResponse {
  readonly server: BunServer;
  readonly request: Request;
  readonly watcher: EndWatcher;
  /** When it was first found open, in milliseconds. */
  readonly openSince: number;
}

/** What the looks are timed by. */
export interface Clock {
  /** The time, in milliseconds. */
  now(): number;
  /** Calls a function when the event loop turns. */
  turn(callback: () => void): void;
  /** Calls a function later, without keeping the process alive. */
  later(ms: number, callback: () => void): void;
}

const CLOCK: Clock = {
  now: () => performance.now(),
  turn: (callback) => void setImmediate(callback),
  // The server keeps the process alive, if anything does.
  later: (ms, callback) => void setTimeout(callback, ms).unref(),
};

/** What a look may be late by, as a part of the time that a response takes. */
const LATENESS = 1 / 32;

/** How long the lanes pause between two looks, in milliseconds. */
const SHORTEST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 1280;

/**
 * Responses of Bun's server, which tells nobody when one was sent, but knows the
 * address of a client only while its request is open.
 *
 * Most are sent when the handlers of this turn have returned. The others are
 * looked at again and again, the longer they take the more seldom: what is found
 * is late by 5 ms, or by a thirty-second of the time that it took, at most.
 */
export class BunResponses {
  readonly #clock: Clock;
  readonly #lane: Lane;
  #answered: Omit<OpenResponse, "openSince">[] = [];

  /** Watches nothing yet. */
  constructor(clock: Clock = CLOCK) {
    this.#clock = clock;
    this.#lane = new Lane(clock, SHORTEST_PAUSE_MS);
  }

  /**
   * Watches a response that a handler is about to return.
   *
   * @param origin What is known of requests like this one.
   * @returns Whether its end can be learnt.
   */
  add(
    server: BunServer,
    request: Request,
    watcher: EndWatcher,
    origin: RequestOrigin,
  ): boolean {
    if (origin.isDue() && isClosed({ server, request })) {
      origin.isUnknown();
      return false;
    }
    const answered = this.#answered.push({ server, request, watcher });
    if (answered === 1) this.#clock.turn(() => this.#look());
    return true;
  }

  #look(): void {
    const answered = this.#answered;
    this.#answered = [];
    const openSince = this.#clock.now();
    for (const response of answered) {
      if (isClosed(response)) response.watcher.onEnd();
      else this.#lane.add({ ...response, openSince });
    }
  }
}

/** Responses that are looked at equally often. */
class Lane {
  readonly #clock: Clock;
  readonly #pauseMs: number;
  readonly #slower: Lane | undefined;
  #waiting: OpenResponse[] = [];

  constructor(clock: Clock, pauseMs: number) {
    this.#clock = clock;
    this.#pauseMs = pauseMs;
    if (pauseMs < LONGEST_PAUSE_MS) this.#slower = new Lane(clock, pauseMs * 2);
  }

  add(response: OpenResponse): void {
    if (this.#waiting.push(response) === 1) this.#pause();
  }

  #pause(): void {
    this.#clock.later(this.#pauseMs, () => this.#look());
  }

  #look(): void {
    const slower = this.#slower;
    // Only who took that long may be found as late as the slower lane does.
    const slowFrom = this.#clock.now() - 2 * this.#pauseMs / LATENESS;
    this.#waiting = this.#waiting.filter((response) => {
      if (isClosed(response)) {
        response.watcher.onEnd();
        return false;
      }
      if (slower === undefined || response.openSince > slowFrom) return true;
      slower.add(response);
      return false;
    });
    if (this.#waiting.length > 0) this.#pause();
  }
}

/** Whether a request is closed, or one that the server does not know. */
function isClosed(
  { server, request }: Pick<OpenResponse, "server" | "request">,
): boolean {
  try {
    return server.requestIP(request) === null;
  } catch {
    // It is no request at all: somebody put a proxy in the place of one.
    return true;
  }
}
