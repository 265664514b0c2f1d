/**
 * What belongs to the label sets of requests, found by one value after the other:
 * to join them into a key takes several times as long.
 */
export class LabelTree<T> {
  /** The rest of the label sets, by the next label. */
  readonly branches: Map<string | number, LabelTree<T>> = new Map();
  /** The value of the label set that ends here. */
  leaf: T | undefined;

  /** Finds what belongs to a label set, if there is something. */
  get(
    method: string,
    route: string,
    status: number,
    own: readonly string[],
  ): T | undefined {
    let branch = this.branches.get(method)?.branches.get(route)?.branches.get(
      status,
    );
    for (let i = 0; i < own.length; i++) branch = branch?.branches.get(own[i]);
    return branch?.leaf;
  }

  /** Sets what belongs to a label set, of the values that get() takes. */
  set([value, ...rest]: readonly (string | number)[], leaf: T): void {
    if (value === undefined) {
      this.leaf = leaf;
      return;
    }
    let branch = this.branches.get(value);
    if (branch === undefined) {
      this.branches.set(value, branch = new LabelTree());
    }
    branch.set(rest, leaf);
  }
}
