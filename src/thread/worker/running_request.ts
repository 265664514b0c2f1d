import type { CollectorError } from "../../errors.ts";
import { timeoutError } from "../../families/failures.ts";
import { now } from "../../runtime/wait.ts";
import type {
  EndedCollector,
  RefreshRequest,
  RunningCollector,
} from "../protocol.ts";

/** The outcome of a run. */
export interface EndedRun extends Pick<EndedCollector, "name" | "seconds"> {
  readonly failure?: CollectorError;
}

/** A request to the main thread, and its progress. */
export class RunningRequest {
  readonly message: RefreshRequest;
  readonly askedAt: number = now();
  readonly failures: CollectorError[] = [];
  /** The durations of collectors that have ended, in seconds. */
  readonly durations: Map<string, number> = new Map();
  hasBegun = false;
  /** The runs that have not ended. */
  readonly #running = new Map<number, { name: string; startedAt: number }>();
  /** The running ones that are worth waiting for. */
  readonly #awaited = new Set<number>();
  readonly settled: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor(message: RefreshRequest) {
    this.message = message;
  }

  /** Whether nothing is left to wait for. */
  get isSettled(): boolean {
    return this.hasBegun && this.#awaited.size === 0;
  }

  begin(collectors: readonly RunningCollector[]): void {
    const begunAt = now();
    this.hasBegun = true;
    for (const { run, name, ranFor } of collectors) {
      this.#running.set(run, { name, startedAt: begunAt - ranFor });
      // A run that has taken as long as this scrape may take is not waited for.
      if (ranFor < this.message.patience) this.#awaited.add(run);
    }
    this.#settle();
  }

  /** Takes the end of a run; tells whether the run is this request's. */
  end(run: number, ended: EndedRun): boolean {
    if (!this.#running.delete(run)) return false;
    this.#awaited.delete(run);
    this.take(ended);
    this.#settle();
    return true;
  }

  take({ name, seconds, failure }: EndedRun): void {
    if (seconds !== undefined) this.durations.set(name, seconds);
    if (failure !== undefined) this.failures.push(failure);
  }

  /** Fails the runs that have not ended, and yields their numbers. */
  timeOut(): Iterable<number> {
    const at = now();
    for (const { name, startedAt } of this.#running.values()) {
      this.failures.push(timeoutError(name, at - startedAt));
    }
    return this.#running.keys();
  }

  #settle(): void {
    if (this.isSettled) this.settled.resolve();
  }
}
