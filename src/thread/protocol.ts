/**
 * What the main thread and the thread of a metrics server say to each other.
 * Values of metrics are not among it: they are read from shared memory.
 *
 * @module
 */

import type { Handover, MemoryChunk } from "../memory/layout.ts";
import type { NotLive } from "../live/mirror.ts";
import { STATUS_WORDS } from "../server/discovery_status.ts";
import type { ServerSettings } from "../server/options.ts";
import type { SentDiscovery } from "./discovery.ts";
import type { SentError } from "./sent_error.ts";

/** What the thread begins with. */
export interface ThreadData {
  readonly settings: ServerSettings;
  /** Where the values are. */
  readonly handover: Handover;
  /** The words that both threads see at any moment; {@linkcode CONTROL} names them. */
  readonly control: Int32Array;
  /** When the main thread has started the thread, by `Date.now()`. */
  readonly startedAt: number;
  /** For how long a scrape waits for a main thread that gives no sign of life. */
  readonly refreshTimeout: number;
  /** How the thread registers the server, if it does. */
  readonly discovery: SentDiscovery | undefined;
  /** Whether the application takes failures itself. */
  readonly hasOnError: boolean;
}

/** The words of {@linkcode ThreadData.control}, by their index. */
export const CONTROL = {
  /** Counts the signs of life of the main thread. */
  beats: 0,
  /** Becomes 1 when the server is closed. */
  closed: 1,
  /**
   * 1 while the main thread has nothing to do for scrapes: every metric is live,
   * none has a collector, and any other would be noticed at once.
   */
  idle: 2,
  /** The first of those of a {@linkcode DiscoveryStatus}, whichever thread tells it. */
  discovery: 3,
} as const;

/** How many words there are. */
export const CONTROL_WORDS: number = CONTROL.discovery + STATUS_WORDS;

/** How often the main thread gives a sign of life, in milliseconds. */
export const BEAT_MS = 100;

/** How often it does so while a scrape waits for it. */
export const WAITED_FOR_BEAT_MS = 10;

/** To the thread. */
export type ToThread =
  | { readonly type: "chunk"; readonly chunk: MemoryChunk }
  | { readonly type: "refreshing"; readonly refreshing: RefreshingMessage }
  | { readonly type: "ended"; readonly collectors: readonly EndedCollector[] }
  | { readonly type: "token"; readonly answer: TokenAnswer }
  | {
    readonly type: "close";
    readonly grace: number;
    /** Whether the main thread is blocked until that is done. */
    readonly isBlocking: boolean;
  };

/** To the main thread. */
export type ToMain =
  | { readonly type: "refresh"; readonly refresh: RefreshRequest }
  | { readonly type: "error"; readonly error: SentError }
  | { readonly type: "token"; readonly id: number }
  | { readonly type: "closed" };

/** What came of asking for a token of service discovery. */
export interface TokenAnswer {
  readonly id: number;
  readonly token?: string;
  /** What the function has thrown that yields it. */
  readonly failure?: SentError;
}

/** Asks the main thread for what only it can do, or know. */
export interface RefreshRequest {
  readonly id: number;
  /** The names that the scrape is restricted to; none for all. */
  readonly names: readonly string[];
  /** For how long what a collector did is good enough, in milliseconds. */
  readonly maxAge: number;
  /** For how long the scrape waits for collectors, in milliseconds. */
  readonly patience: number;
  /** Whether collectors are to run; else it is to tell what it knows, for people. */
  readonly collect: boolean;
}

/** The main thread has begun with a request. */
export interface RefreshingMessage {
  readonly id: number;
  /** What is under way. */
  readonly collectors: readonly RunningCollector[];
  /** Whether that could not be begun. */
  readonly isFailed?: boolean;
  readonly overview?: MainOverview;
}

/** A collector that runs, or another metric that is being read. */
export interface RunningCollector {
  /** The number of this run, by which its end is told. */
  readonly run: number;
  readonly name: string;
  /** For how many milliseconds it runs already. */
  readonly ranFor: number;
}

/** A run has ended. */
export interface EndedCollector {
  readonly run: number;
  readonly name: string;
  /** How long it took, if it was that of a collector. */
  readonly seconds?: number;
  readonly failure?: SentError;
}

/** What only the main thread knows of the metrics, for people. */
export interface MainOverview {
  readonly notLive: readonly NotLive[];
  /** The client packages that have made them, where they are known. */
  readonly clients: readonly string[];
}
