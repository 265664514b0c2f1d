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
  /** The runs that have not ended. */
  readonly #running = new Map<number, { name: string; startedAt: number }>();
  /** Those of them that are worth waiting for. */
  readonly #awaited = new Set<number>();
  readonly #durations = new Map<string, number>();
  readonly #failures: CollectorError[] = [];
  readonly #settled = Promise.withResolvers<void>();
  #hasBegun = false;

  /** Takes a request that is sent now. */
  constructor(message: RefreshRequest) {
    this.message = message;
  }

  /** Its number. */
  get id(): number {
    return this.message.id;
  }

  /** Whether the main thread has begun with it. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Whether there is nothing left to wait for. */
  get isSettled(): boolean {
    return this.#hasBegun && this.#awaited.size === 0;
  }

  /** Settles when there is nothing left to wait for. */
  get settled(): Promise<void> {
    return this.#settled.promise;
  }

  /** What has failed. */
  get failures(): readonly CollectorError[] {
    return this.#failures;
  }

  /** How long each collector took that has ended, in seconds. */
  get durations(): ReadonlyMap<string, number> {
    return this.#durations;
  }

  /** Takes what is under way. */
  begin(collectors: readonly RunningCollector[]): void {
    const now = performance.now();
    this.#hasBegun = true;
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

  /** Leaves a run to others. */
  forget(run: number): void {
    this.#running.delete(run);
  }

  /** Takes what came of a run. */
  take({ name, seconds, failure }: EndedRun): void {
    if (seconds !== undefined) this.#durations.set(name, seconds);
    if (failure !== undefined) this.#failures.push(failure);
  }

  /** The failures of the runs that have not ended. */
  timeouts(): Map<number, CollectorError> {
    const now = performance.now();
    return new Map(
      [...this.#running].map(([run, { name, startedAt }]) => [
        run,
        timeoutError(name, now - startedAt),
      ]),
    );
  }

  #settle(): void {
    if (this.isSettled) this.#settled.resolve();
  }
}
