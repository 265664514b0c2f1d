/** How many passwords wait to be hashed at most. */
const MAX_WAITING = 16;

interface Check extends PromiseWithResolvers<boolean | undefined> {
  readonly network: string | undefined;
  readonly compare: () => Promise<boolean>;
}

/**
 * Compares passwords with hashes one after the other, since each takes a core and its
 * memory. Networks take turns, and the one from which most wait gives way when too many
 * do: whoever tries passwords keeps out himself. Where all come from one, as by a
 * proxy, chance decides.
 */
export class PasswordChecks {
  /** Those that wait, and the one that is done. */
  readonly #checks = new Map<string, Check>();
  readonly #waiting: Check[] = [];
  #last: string | undefined;
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
    const network = networkOf(address);
    if (this.#waiting.length === MAX_WAITING) {
      const loser = this.#loserTo(network);
      if (loser === undefined) return Promise.resolve(undefined);
      this.#waiting.splice(this.#waiting.indexOf(loser), 1);
      loser.resolve(undefined);
    }
    const check = {
      network,
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
      const other = this.#waiting.findIndex(({ network }) =>
        network !== this.#last
      );
      const [check] = this.#waiting.splice(Math.max(other, 0), 1);
      this.#last = check.network;
      await check.compare().then(check.resolve, check.reject);
    }
    this.#isBusy = false;
  }

  /** Finds the check that gives way to one from a network, unless that has to. */
  #loserTo(network: string | undefined): Check | undefined {
    const counts = new Map([[network, 1]]);
    for (const { network } of this.#waiting) {
      counts.set(network, (counts.get(network) ?? 0) + 1);
    }
    const most = Math.max(...counts.values());
    const busiest = this.#waiting.filter(({ network }) =>
      counts.get(network) === most
    );
    // Among equals, the new one included, chance decides.
    const hasToo = counts.get(network) === most;
    const chosen = Math.floor(
      Math.random() * (busiest.length + Number(hasToo)),
    );
    return busiest[chosen];
  }
}

/** The network that somebody has for himself: of IPv6 the first 64 bits. */
function networkOf(address: string | undefined): string | undefined {
  if (!address?.includes(":") || address.includes(".")) return address;
  const [before, after] = address.split("::");
  const groups = before.split(":");
  const rest = after?.split(":") ?? [];
  const zeros = Array(Math.max(8 - groups.length - rest.length, 0)).fill("0");
  return [...groups, ...zeros, ...rest].slice(0, 4).join(":");
}
