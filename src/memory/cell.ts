/** What stamps private fields on an object that exists: see {@linkcode Cell}. */
class Stamp {
  constructor(target: object) {
    return target;
  }
}

/** The cells of a histogram; those of a summary have no buckets. */
export const HISTOGRAM = { count: 0, sum: 1, buckets: 2 } as const;

/**
 * Where the values are, in shared memory or not, that belong to an object: kept
 * in that object, since a series has no memory to waste, and privately, so that
 * nobody else finds anything but what a client has there.
 */
export class Cell extends Stamp {
  #cells: Float64Array;
  #at: number;

  /** Tells an object where its first cell is. */
  constructor(target: object, cells: Float64Array, at: number) {
    super(target);
    this.#cells = cells;
    this.#at = at;
  }

  /** Tells whether an object has cells. */
  static has(target: object): boolean {
    return #cells in target;
  }

  /** The cells of an object's chunk. */
  static cells(target: object): Float64Array {
    return (target as Cell).#cells;
  }

  /** The first cell of an object. */
  static at(target: object): number {
    return (target as Cell).#at;
  }

  /** Tells an object that its cells are elsewhere now. */
  static move(target: object, cells: Float64Array, at: number): void {
    (target as Cell).#cells = cells;
    (target as Cell).#at = at;
  }

  /** Gives objects cells of their own, with the values that they have. */
  static retireAll(targets: readonly object[], length: number): void {
    const retired = new Float64Array(targets.length * length);
    for (const [i, target] of targets.entries()) {
      const at = Cell.at(target);
      retired.set(Cell.cells(target).subarray(at, at + length), i * length);
      Cell.move(target, retired, i * length);
    }
  }

  /** Sets the only value of an object. */
  static set(target: object, value: number): void {
    (target as Cell).#cells[(target as Cell).#at] = value;
  }

  /** A property `value` that is the first cell. */
  static readonly VALUE: PropertyDescriptor = {
    get(this: Cell): number {
      return this.#cells[this.#at];
    },
    set(this: Cell, value: number) {
      this.#cells[this.#at] = value;
    },
    enumerable: true,
    configurable: true,
  };
}
