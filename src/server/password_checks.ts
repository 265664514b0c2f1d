/** How many passwords wait to be hashed at most. */
const MAX_WAITING = 16;

interface Check extends PromiseWithResolvers<boolean | undefined> {
  readonly address: string | undefined;
  readonly compare: () => Promise<boolean>;
}

/**
 * Compares passwords with hashes one after the other, since each takes a core and its
 * memory. Addresses take turns, and the one from which most wait gives way when too
 * many do: whoever tries passwords keeps out himself. Where all come from one address,
 * as by a proxy, chance decides.
 */
export class PasswordChecks {
  /** Those that wait, and the one that is done. */
  readonly #checks = new Map<string, Check>();
  readonly #waiting: Check[] = [];
  #lastAddress: string | undefined;
  #isBusy = false;

  /**
   * @param key Checks with the same one share their result.
   * @returns The result of `compare`; `undefined` if too many wait.
   */
  run(
    key: string,
    address: string | undefined,
    compare: () => Promise<boolean>,
  ): Promise<boolean | undefined> {
    const same = this.#checks.get(key);
    if (same !== undefined) return same.promise;
    if (this.#waiting.length === MAX_WAITING) {
      const loser = this.#loserTo(address);
      if (loser === undefined) return Promise.resolve(undefined);
      this.#waiting.splice(this.#waiting.indexOf(loser), 1);
      loser.resolve(undefined);
    }
    const check = {
      address,
      compare,
      ...Promise.withResolvers<boolean | undefined>(),
    };
    this.#checks.set(key, check);
    const forget = () => this.#checks.delete(key);
    check.promise.then(forget, forget);
    this.#waiting.push(check);
    if (!this.#isBusy) void this.#work();
    return check.promise;
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    while (this.#waiting.length > 0) {
      const other = this.#waiting.findIndex(({ address }) =>
        address !== this.#lastAddress
      );
      const [check] = this.#waiting.splice(Math.max(other, 0), 1);
      this.#lastAddress = check.address;
      await check.compare().then(check.resolve, check.reject);
    }
    this.#isBusy = false;
  }

  /** Finds the check that gives way to one from an address, unless that has to. */
  #loserTo(address: string | undefined): Check | undefined {
    const counts = new Map<string | undefined, number>();
    for (const { address } of this.#waiting) {
      counts.set(address, (counts.get(address) ?? 0) + 1);
    }
    const [[busiest]] = [...counts].sort(([, a], [, b]) => b - a);
    const all = this.#waiting.filter((check) => check.address === busiest);
    if (busiest !== address) return all.at(-1);
    return Math.random() < 0.5
      ? all[Math.floor(Math.random() * all.length)]
      : undefined;
  }
}
