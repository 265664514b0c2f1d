import type { OwnRegistry } from "../metrics/own_registry.ts";

/** The words that a {@linkcode DiscoveryStatus} takes. */
export const STATUS_WORDS = 3;

/** A server's state in service discovery, in words that threads may share. */
export class DiscoveryStatus {
  readonly #words: Int32Array;

  /** Takes shared words, or makes its own. */
  constructor(words: Int32Array = new Int32Array(STATUS_WORDS)) {
    this.#words = words;
  }

  /** Whether service discovery knows the server, and the server is there. */
  get isRegistered(): boolean {
    return Atomics.load(this.#words, 0) === 1 && !this.isAway;
  }

  set isRegistered(isRegistered: boolean) {
    Atomics.store(this.#words, 0, Number(isRegistered));
  }

  /** Whether the server's thread hangs, or is being replaced. */
  get isAway(): boolean {
    return Atomics.load(this.#words, 2) === 1;
  }

  set isAway(isAway: boolean) {
    Atomics.store(this.#words, 2, Number(isAway));
  }

  /** Counts a failure. */
  addFailure(): void {
    Atomics.add(this.#words, 1, 1);
  }

  /** Adds metrics of the state. */
  addMetrics(own: OwnRegistry): void {
    const registered = own.add(
      "gauge",
      "discovery_registered",
      "Whether service discovery knows this server (1), or does not (0).",
    );
    const failures = own.add(
      "counter",
      "discovery_failures_total",
      "Failures of service discovery since this server has started.",
    );
    own.onGather(() => {
      registered.of().set(Number(this.isRegistered));
      failures.of().set(Atomics.load(this.#words, 1));
    });
  }
}
