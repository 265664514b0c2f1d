import { paced, type Steps } from "../runtime/pace.ts";
import type { CollectorRun } from "./collect.ts";
import type { ReadFamily } from "./read_family.ts";

/** How a reading has ended. */
export type ReadOutcome = PromiseSettledResult<ReadFamily>;

/**
 * A metric that is being read, or was: for all scrapes that overlap.
 *
 * What has no collector is read by the first who gets to it, without a promise:
 * for a metric of few series that takes longer than to read them.
 */
export class Reading {
  /** When it began, on the monotonic clock, in milliseconds. */
  readonly startedAt: number;
  /** The run of the metric's collector, if there is one. */
  readonly run: CollectorRun | undefined;
  #steps: Steps<ReadFamily> | undefined;
  #outcome: ReadOutcome | undefined;
  #ended: PromiseWithResolvers<void> | undefined;

  private constructor(
    startedAt: number,
    run: CollectorRun | undefined,
    steps: Steps<ReadFamily> | undefined,
  ) {
    this.startedAt = startedAt;
    this.run = run;
    this.#steps = steps;
  }

  /** Begins one that nobody has to be asked for. */
  static of(steps: Steps<ReadFamily>): Reading {
    return new Reading(performance.now(), undefined, steps);
  }

  /** Begins one that ends by itself, some time after a run of the collector. */
  static after(run: CollectorRun, read: Promise<ReadFamily>): Reading {
    const reading = new Reading(run.startedAt, run, undefined);
    read.then(
      (value) => reading.#end({ status: "fulfilled", value }),
      (reason) => reading.#end({ status: "rejected", reason }),
    );
    return reading;
  }

  /** How it has ended, if it has. */
  get outcome(): ReadOutcome | undefined {
    return this.#outcome;
  }

  /** Reads, unless that is being done or will be. */
  *read(): Steps<void> {
    const steps = this.#steps;
    if (steps === undefined) return;
    this.#steps = undefined;
    try {
      this.#end({ status: "fulfilled", value: yield* steps });
    } catch (reason) {
      this.#end({ status: "rejected", reason });
    }
  }

  /** Waits for the end. */
  async ended(): Promise<ReadOutcome> {
    await paced(this.read());
    if (this.#outcome === undefined) {
      this.#ended ??= Promise.withResolvers();
      await this.#ended.promise;
    }
    return this.#outcome!;
  }

  #end(outcome: ReadOutcome): void {
    this.#outcome = outcome;
    this.#ended?.resolve();
  }
}
