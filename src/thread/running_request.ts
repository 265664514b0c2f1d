import type { CollectorError } from "../errors.ts";
import { timeoutError } from "../families/failures.ts";
import type { RefreshRequest, RunningCollector } from "./protocol.ts";

/** What came of a run. */
export interface EndedRun {
  readonly name: string;
  /** How long a collector took. */
  readonly seconds?: number;
  readonly failure?: CollectorError;
}

/** What the main thread was asked for, and how far it is. */
export class RunningRequest {
  /** The request itself. */
  readonly message: RefreshRequest;
  /** When it was asked, by the clock of `performance`. */
  readonly askedAt: number = performance.now();
  /** What has failed. */
  readonly failures: CollectorError[] = [];
  /** How long each collector took that has ended, in seconds. */
  readonly durations: Map<string, number> = new Map();
  /** Whether the main thread has begun with it. */
  hasBegun = false;
  /** The runs that have not ended. */
  readonly #running = new Map<number, { name: string; startedAt: number }>();
  /** Those of them that are worth waiting for. */
  readonly #awaited = new Set<number>();
  readonly #settled = Promise.withResolvers<void>();
  /** Settles when there is nothing left to wait for. */
  readonly settled: Promise<void> = this.#settled.promise;

  /** Takes a request that is sent now. */
  constructor(message: RefreshRequest) {
    this.message = message;
  }

  /** Whether there is nothing left to wait for. */
  get isSettled(): boolean {
    return this.hasBegun && this.#awaited.size === 0;
  }

  /** Takes what is under way. */
  begin(collectors: readonly RunningCollector[]): void {
    const now = performance.now();
    this.hasBegun = true;
    for (const { run, name, ranFor } of collectors) {
      this.#running.set(run, { name, startedAt: now - ranFor });
      // One that had as long as this scrape has is not waited for again.
      if (ranFor < this.message.patience) this.#awaited.add(run);
    }
    this.#settle();
  }

  /** Takes a run that has ended; tells whether it is one of this request's. */
  end(run: number, ended: EndedRun): boolean {
    if (!this.#running.delete(run)) return false;
    this.#awaited.delete(run);
    this.take(ended);
    this.#settle();
    return true;
  }

  /** Takes what came of a run. */
  take({ name, seconds, failure }: EndedRun): void {
    if (seconds !== undefined) this.durations.set(name, seconds);
    if (failure !== undefined) this.failures.push(failure);
  }

  /** Fails the runs that have not ended, and yields their numbers. */
  timeOut(): Iterable<number> {
    const now = performance.now();
    for (const { name, startedAt } of this.#running.values()) {
      this.failures.push(timeoutError(name, now - startedAt));
    }
    return this.#running.keys();
  }

  #settle(): void {
    if (this.isSettled) this.#settled.resolve();
  }
}
