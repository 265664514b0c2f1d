import {
  lateRegistriesError,
  type RegistryLister,
} from "../../gather/registries.ts";
import { waitFor } from "../../runtime/wait.ts";
import type { Registry } from "../../types.ts";

/** The last registries that a server on a thread was given. */
export class RegistryList {
  readonly #lister: RegistryLister;
  readonly #onChange: (registries: readonly Registry[]) => void;
  readonly #report: (error: unknown) => void;
  current: readonly Registry[];
  #lastCall = 0;
  /** The call that has yielded `current`. */
  #currentCall = 0;
  /** The last promise, which may be yielded again, and its result's taking. */
  #asked: { given: Promise<unknown>; taken: Promise<void> } | undefined;
  /** Whether the last wait was too short. */
  #wasLate = false;

  constructor(
    lister: RegistryLister,
    current: readonly Registry[],
    onChange: (registries: readonly Registry[]) => void,
    report: (error: unknown) => void,
  ) {
    this.#lister = lister;
    this.current = current;
    this.#onChange = onChange;
    this.#report = report;
  }

  /** Takes registries of clients that were loaded meanwhile. */
  look(): void {
    const loaded = this.#lister.now?.();
    if (loaded !== undefined) this.#take(++this.#lastCall, loaded);
  }

  /**
   * Asks for the registries; a failure changes nothing. It waits `patience` ms, but
   * after a wait that was too short not again until registries are yielded.
   */
  async ask(patience: number): Promise<void> {
    const call = ++this.#lastCall;
    try {
      const given = this.#lister();
      if (!(given instanceof Promise)) return this.#take(call, given);
      if (given !== this.#asked?.given) {
        const taken = given.then((registries) => this.#take(call, registries))
          .catch(this.#report);
        this.#asked = { given, taken };
      }
      const { taken } = this.#asked;
      if (this.#wasLate) return;
      if (await waitFor(taken, { ms: patience, inBackground: true })) return;
      this.#wasLate = true;
      throw lateRegistriesError(Math.round(patience));
    } catch (error) {
      this.#report(error);
    }
  }

  #take(call: number, registries: readonly Registry[]): void {
    this.#wasLate = false;
    // A later call may have been faster.
    if (call < this.#currentCall) return;
    this.#currentCall = call;
    const isSame = registries.length === this.current.length &&
      registries.every((each, i) => each === this.current[i]);
    if (isSame) return;
    this.#onChange(registries);
    this.current = registries;
  }
}
