import type { OwnRegistry } from "../metrics/own_registry.ts";

/** How many words a {@linkcode DiscoveryStatus} takes. */
export const STATUS_WORDS = 2;

/** The state of a server in service discovery, in words that threads may share. */
export class DiscoveryStatus {
  readonly #words: Int32Array;

  /** Takes the words; without them, some that no other thread sees. */
  constructor(words: Int32Array = new Int32Array(STATUS_WORDS)) {
    this.#words = words;
  }

  /** Whether service discovery knows the server. */
  get isRegistered(): boolean {
    return Atomics.load(this.#words, 0) === 1;
  }

  set isRegistered(isRegistered: boolean) {
    Atomics.store(this.#words, 0, Number(isRegistered));
  }

  /** Counts what went wrong. */
  addFailure(): void {
    Atomics.add(this.#words, 1, 1);
  }

  /** Adds metrics that tell the state. */
  addMetrics(own: OwnRegistry): void {
    const registered = own.add(
      "gauge",
      "discovery_registered",
      "Whether service discovery knows this server (1), or does not (0).",
    );
    const failures = own.add(
      "counter",
      "discovery_failures_total",
      "What went wrong in service discovery since this server has started.",
    );
    own.onGather(() => {
      registered.of().set(Number(this.isRegistered));
      failures.of().set(Atomics.load(this.#words, 1));
    });
  }
}
