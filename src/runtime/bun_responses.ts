import { nextTurn, now, timers } from "./wait.ts";

/** The part of Bun's server that tells whether a request is still open. */
export interface BunServer {
  readonly pendingWebSockets: number;
  /** Yields `null` for a request that is closed or unknown, and on unix sockets. */
  requestIP(request: object): unknown;
}

interface EndWatcher {
  onEnd(): void;
}

/** Sampling: the first FIRST requests (again after a miss), then one in ONE_IN. */
const FIRST = 32;
const ONE_IN = 64;

/**
 * Whether requests of one way through an application are the server's own: some
 * ways rewrite them, and no server knows the copies. Asking for every request
 * would cost a tenth of the throughput, so only samples are asked for.
 */
export class RequestOrigin {
  #left = FIRST;
  #passed = 0;

  /** Tells whether to ask for the next request. */
  isDue(): boolean {
    if (this.#left === 0) return ++this.#passed % ONE_IN === 0;
    this.#left--;
    return true;
  }

  /** Samples again from the beginning, after an unknown request. */
  isUnknown(): void {
    this.#left = FIRST;
  }
}

interface OpenResponse {
  readonly server: BunServer;
  readonly request: object;
  readonly watcher: EndWatcher;
  readonly openSince: number;
}

/** How late a response may be found, as a part of its time. */
const LATENESS = 1 / 32;

/** The pauses of the lanes between two looks, in milliseconds. */
const SHORTEST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 1280;

/**
 * Finds the ends of responses of Bun's server, which has no event for them, but
 * knows the address of a client only while its request is open.
 *
 * Most responses are sent when the handlers of this turn have returned. The others
 * are polled, old ones less often: each is found at most 5 ms late, or a
 * thirty-second of its time.
 */
export class BunResponses {
  readonly #first = new Lane(0);

  /** Watches a response before it is returned; tells whether that is possible. */
  add(
    server: BunServer,
    request: object,
    watcher: EndWatcher,
    origin: RequestOrigin,
  ): boolean {
    const response = { server, request, watcher, openSince: now() };
    if (origin.isDue() && isClosed(response)) {
      origin.isUnknown();
      return false;
    }
    this.#first.add(response);
    return true;
  }
}

/** Responses that are polled equally often; in the first lane once, next turn. */
class Lane {
  readonly #pauseMs: number;
  readonly #slower: Lane | undefined;
  #waiting: OpenResponse[] = [];

  constructor(pauseMs: number) {
    this.#pauseMs = pauseMs;
    if (pauseMs === LONGEST_PAUSE_MS) return;
    this.#slower = new Lane(pauseMs === 0 ? SHORTEST_PAUSE_MS : 2 * pauseMs);
  }

  add(response: OpenResponse): void {
    if (this.#waiting.push(response) === 1) this.#pause();
  }

  #pause(): void {
    const look = () => this.#look();
    if (this.#pauseMs === 0) nextTurn(look);
    // The server keeps the process alive, if anything does.
    else timers.setTimeout(look, this.#pauseMs).unref();
  }

  #look(): void {
    const responses = this.#waiting;
    this.#waiting = [];
    // For older responses the lateness of the slower lane is good enough.
    const slowFrom = now() - 2 * this.#pauseMs / LATENESS;
    for (const response of responses) {
      if (isClosed(response)) response.watcher.onEnd();
      else if (response.openSince > slowFrom) this.add(response);
      else (this.#slower ?? this).add(response);
    }
  }
}

/** Whether a request is closed, or unknown to the server. */
function isClosed(
  { server, request }: Pick<OpenResponse, "server" | "request">,
): boolean {
  try {
    return server.requestIP(request) === null;
  } catch {
    // It is no request, but a proxy in its place.
    return true;
  }
}
