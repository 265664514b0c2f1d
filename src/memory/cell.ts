/** Stamps private fields on an object that exists: see {@linkcode Cell}. */
class Stamp {
  constructor(target: object) {
    return target;
  }
}

/** A property as an assignment makes it. */
export const PLAIN: PropertyDescriptor = {
  writable: true,
  enumerable: true,
  configurable: true,
};

/** The cells of a histogram; those of a summary have no buckets. */
export const HISTOGRAM = { count: 0, sum: 1, buckets: 2 } as const;

/**
 * Gives an object a typed array, in shared memory or not, and an index, in private
 * fields: no map entry, and invisible to code that lists properties.
 */
export class Cell extends Stamp {
  #cells: Float64Array;
  #at: number;
  #key = -1;

  constructor(target: object, cells: Float64Array, at: number) {
    super(target);
    this.#cells = cells;
    this.#at = at;
  }

  static cells(target: object): Float64Array {
    return (target as Cell).#cells;
  }

  static at(target: object): number {
    return (target as Cell).#at;
  }

  /** The key by which an object is found; negative if it has none. */
  static key(target: object): number {
    return (target as Cell).#key;
  }

  static setKey(target: object, key: number): void {
    (target as Cell).#key = key;
  }

  /** Tells an object where its cells are now, or are for the first time. */
  static move(target: object, cells: Float64Array, at: number): void {
    if (!(#cells in target)) return void new Cell(target, cells, at);
    target.#cells = cells;
    target.#at = at;
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

  static get(target: object): number {
    return (target as Cell).#cells[(target as Cell).#at];
  }

  static set(target: object, value: number): void {
    (target as Cell).#cells[(target as Cell).#at] = value;
  }

  static add(target: object, value: number): void {
    (target as Cell).#cells[(target as Cell).#at] += value;
  }

  /** Counts an observation of a histogram, in a bucket unless that is negative. */
  static observe(target: object, bucket: number, value: number): void {
    const cells = (target as Cell).#cells;
    const at = (target as Cell).#at;
    // The count first: by it readers on other threads notice the change.
    cells[at + HISTOGRAM.count]++;
    if (bucket >= 0) cells[at + HISTOGRAM.buckets + bucket]++;
    cells[at + HISTOGRAM.sum] += value;
  }

  /**
   * A property `value` that is the first cell. An object that has got it from
   * another one, as a copy, or by inheriting, has that one's value or none.
   */
  static readonly VALUE: PropertyDescriptor = {
    get(this: Cell): number | undefined {
      if (#cells in this) return this.#cells[this.#at];
      return Object.getPrototypeOf(this)?.value;
    },
    set(this: Cell, value: number) {
      if (#cells in this) this.#cells[this.#at] = value;
      else Object.defineProperty(this, "value", { ...PLAIN, value });
    },
    enumerable: true,
    configurable: true,
  };
}

/** Gives an object the client's spelling of its labels, in the same way. */
export class Spelled extends Stamp {
  #labels: string;

  constructor(target: object, labels: string) {
    super(target);
    this.#labels = labels;
  }

  static of(target: object): string {
    return (target as Spelled).#labels;
  }
}

/** Writes a histogram's counts up to each bound; yields the last of them. */
export function cumulate(
  cells: Float64Array,
  cell: number,
  buckets: number,
  values: Float64Array | number[],
  to: number,
): number {
  let upToBound = 0;
  for (let i = 0; i < buckets; i++) {
    upToBound += cells[cell + HISTOGRAM.buckets + i];
    values[to + i] = upToBound;
  }
  return upToBound;
}
