/**
 * What belongs to the label sets of requests, found by one value after the other:
 * to join them into a key takes several times as long.
 */
export class LabelTree<T> {
  readonly #routes = new Map<string, Map<string, Map<number, Branch<T>>>>();

  /** Finds what belongs to a label set, if there is something. */
  get(
    method: string,
    route: string,
    status: number,
    own: readonly string[],
  ): T | undefined {
    let branch = this.#routes.get(route)?.get(method)?.get(status);
    for (let i = 0; i < own.length; i++) branch = branch?.branches.get(own[i]);
    return branch?.leaf;
  }

  /** Sets what belongs to a label set. */
  set(
    method: string,
    route: string,
    status: number,
    own: readonly string[],
    leaf: T,
  ): void {
    const methods = findOrMake(this.#routes, route, () => new Map());
    const statuses = findOrMake(methods, method, () => new Map());
    let branch = findOrMake(statuses, status, () => new Branch<T>());
    for (const value of own) {
      branch = findOrMake(branch.branches, value, () => new Branch<T>());
    }
    branch.leaf = leaf;
  }
}

/** What has a label in common, and with it all before. */
class Branch<T> {
  readonly branches = new Map<string, Branch<T>>();
  leaf: T | undefined;
}

function findOrMake<Key, Value>(
  map: Map<Key, Value>,
  key: Key,
  make: () => Value,
): Value {
  let value = map.get(key);
  if (value === undefined) map.set(key, value = make());
  return value;
}
