import {
  lateRegistriesError,
  type RegistryLister,
} from "../gather/registries.ts";
import { settlesWithin } from "../runtime/background.ts";
import type { Registry } from "../types.ts";

/** The registries of a server on a thread, as they were yielded last. */
export class RegistryList {
  readonly #lister: RegistryLister;
  readonly #onChange: (registries: readonly Registry[]) => void;
  readonly #report: (error: unknown) => void;
  /** What was yielded last. */
  current: readonly Registry[];
  #lastCall = 0;
  /** Which call has yielded what there is. */
  #currentCall = 0;
  /** The last promise, which may be yielded again, and what is done after it. */
  #asked: { given: Promise<unknown>; taken: Promise<void> } | undefined;
  /** Whether the last call that was waited for has yielded nothing. */
  #isInVain = false;

  /**
   * Begins with what there is.
   *
   * @param lister Is asked for the registries.
   * @param current What it has yielded already.
   * @param onChange Told of others.
   * @param report Takes what it throws.
   */
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

  /** Lists what was loaded meanwhile, of the default registry. */
  look(): void {
    const loaded = this.#lister.now?.();
    if (loaded !== undefined) this.#take(++this.#lastCall, loaded);
  }

  /**
   * Asks for the registries; what fails changes nothing.
   *
   * @param patience How long to wait for them, in milliseconds. After a time that
   * was in vain nobody waits, until something is yielded again.
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
      if (this.#isInVain || await settlesWithin(patience, taken)) return;
      this.#isInVain = true;
      throw lateRegistriesError(Math.round(patience));
    } catch (error) {
      this.#report(error);
    }
  }

  #take(call: number, registries: readonly Registry[]): void {
    this.#isInVain = false;
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
