import type { DiscoveryStatus } from "../server/discovery_status.ts";
import { CONTROL } from "./protocol.ts";

/** What service discovery has made of a server, in words that both threads see. */
export class DiscoveryWords implements DiscoveryStatus {
  readonly #control: Int32Array;

  /** Takes the words, of {@linkcode ThreadData.control}. */
  constructor(control: Int32Array) {
    this.#control = control;
  }

  get isRegistered(): boolean {
    return Atomics.load(this.#control, CONTROL.registered) === 1;
  }

  set isRegistered(isRegistered: boolean) {
    Atomics.store(this.#control, CONTROL.registered, Number(isRegistered));
  }

  get failures(): number {
    return Atomics.load(this.#control, CONTROL.discoveryFailures);
  }

  set failures(count: number) {
    Atomics.store(this.#control, CONTROL.discoveryFailures, count);
  }
}
