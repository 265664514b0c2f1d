/**
 * The messages and words that cross between the main thread and the thread of a
 * metrics server. The values of metrics are in shared memory elsewhere.
 *
 * @module
 */

import type { CloneableSettings } from "../discovery/consul_settings.ts";
import type { NotLive } from "../live/mirror.ts";
import type { Handover, MemoryChunk } from "../memory/layout.ts";
import { now } from "../runtime/wait.ts";
import { STATUS_WORDS } from "../server/discovery_status.ts";
import type { CloseTimes } from "../server/lifecycle.ts";
import type { ServerSettings } from "../server/server_options.ts";
import type { SentError } from "./sent_error.ts";

export interface ThreadData {
  readonly settings: ServerSettings;
  /** The shared memory of the values. */
  readonly handover: Handover;
  /** Words that both threads see at any moment, at the indexes of {@linkcode CONTROL}. */
  readonly control: Int32Array;
  /** How long a scrape waits for a silent main thread, in milliseconds. */
  readonly refreshTimeout: number;
  /** The service discovery that runs on the thread. */
  readonly discovery: SentDiscovery | undefined;
  /** Whether the application takes failures itself. */
  readonly hasOnError: boolean;
}

/** A module with service discovery, and the argument of its function. */
export interface DiscoveryModule {
  readonly module: string | URL;
  readonly options?: unknown;
}

/** Service discovery as it crosses: data alone. */
export type SentDiscovery = DiscoveryModule | {
  readonly consul: CloneableSettings;
  /** The token at the start. */
  readonly token: string | undefined;
  /** Whether a function on the main thread yields later tokens. */
  readonly isTokenOnMain: boolean;
};

/** The indexes of the words in {@linkcode ThreadData.control}. */
export const CONTROL = {
  /** The time of the main thread's last sign of life. */
  aliveAt: 0,
  /** Becomes 1 when the server is closed. */
  closed: 1,
  /**
   * 1 while scrapes need nothing of the main thread: every metric is live, and
   * any other would be noticed at once.
   */
  idle: 2,
  /** 1 while the thread serves the metrics of the process. */
  servesProcess: 3,
  /** Counts the signs of life of the server's thread. */
  beats: 4,
  /** How often the server's thread has hung, or has ended by itself. */
  troubles: 5,
  /** The first word of a {@linkcode DiscoveryStatus}; either thread may set it. */
  discovery: 6,
} as const;

export const CONTROL_WORDS: number = CONTROL.discovery + STATUS_WORDS;

/** The time between two signs of life of either thread, in milliseconds. */
export const BEAT_MS = 1000;

/** Gives a sign of life: the main thread's event loop has turned. */
export function giveSign(control: Int32Array): void {
  Atomics.store(control, CONTROL.aliveAt, sharedNow());
}

/** The time since the main thread's last sign of life, in milliseconds. */
export function silenceOf(control: Int32Array): number {
  const silence = sharedNow() - Atomics.load(control, CONTROL.aliveAt);
  // The clocks of two threads may differ a little.
  return Math.max(silence | 0, 0);
}

/**
 * The milliseconds of a clock that all threads share, in 32 bits: differences of
 * up to 24 days are right.
 */
function sharedNow(): number {
  return Math.trunc(performance.timeOrigin + now()) | 0;
}

export type ToThread =
  | { readonly type: "chunk"; readonly chunk: MemoryChunk }
  | { readonly type: "refreshing" } & RefreshingMessage
  | { readonly type: "ended"; readonly collectors: readonly EndedCollector[] }
  | { readonly type: "token"; readonly answer: TokenAnswer }
  /** Asks for a message when the server has been scraped once more. */
  | { readonly type: "scraped" }
  | {
    readonly type: "close";
    readonly times: CloseTimes;
    /** Whether the main thread blocks until the server is closed. */
    readonly isBlocking: boolean;
  };

export type ToMain =
  | { readonly type: "refresh"; readonly refresh: RefreshRequest }
  | { readonly type: "error"; readonly error: SentError }
  | { readonly type: "token"; readonly id: number }
  | { readonly type: "scraped" }
  | { readonly type: "closed" };

/** The outcome of the function that yields the token. */
export interface TokenAnswer {
  readonly id: number;
  readonly token?: string;
  readonly failure?: SentError;
}

/** Asks the main thread to collect, or for an overview. Times in milliseconds. */
export interface RefreshRequest {
  readonly id: number;
  /** The names that the scrape is restricted to; none for all. */
  readonly names: readonly string[];
  /** The age up to which collected values are good enough. */
  readonly maxAge: number;
  /** How long the scrape waits for collectors. */
  readonly patience: number;
  /** Whether collectors run; else the answer is an overview. */
  readonly collect: boolean;
}

/** The main thread has begun with a request. */
export interface RefreshingMessage {
  readonly id: number;
  readonly collectors: readonly RunningCollector[];
  /** Whether the main thread could not begin. */
  readonly isFailed?: boolean;
  readonly overview?: MainOverview;
}

/** A collector that runs, or another metric that is being read. */
export interface RunningCollector {
  /** The number of this run, as in {@linkcode EndedCollector}. */
  readonly run: number;
  readonly name: string;
  /** How long it has been running, in milliseconds. */
  readonly ranFor: number;
}

export interface EndedCollector {
  readonly run: number;
  readonly name: string;
  /** The duration of a collector, not of a metric that was read. */
  readonly seconds?: number;
  readonly failure?: SentError;
}

/** An overview for people, which only the main thread can give. */
export interface MainOverview {
  readonly notLive: readonly NotLive[];
  /** The known client packages of the metrics. */
  readonly clients: readonly string[];
}
