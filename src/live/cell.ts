/** What stamps private fields on an object that exists: see {@linkcode Cell}. */
class Stamp {
  constructor(target: object) {
    return target;
  }
}

/**
 * Where in shared memory the values are that a client keeps in an object of its
 * own: kept in that object, since a series has no memory to waste, and privately,
 * so that nobody else finds anything but what the client had there.
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

/** What is stored of a label set of a counter or a gauge, live. */
export interface LiveValue {
  value: number;
  labels: Readonly<Record<string, unknown>>;
}

/**
 * Makes an object as the clients keep one for each label set of counters and
 * gauges; its value is a cell.
 */
export function liveValue(
  labels: LiveValue["labels"],
  cells: Float64Array,
  at: number,
): LiveValue {
  const target = new Bare();
  new Cell(target, cells, at);
  // Properties must be new when they get accessors: engines slow down objects
  // in which they replace others.
  Object.defineProperty(target, "value", Cell.VALUE);
  target.labels = labels;
  return target as LiveValue;
}

/** Makes plain objects that have no room to spare. */
const Bare = function () {} as unknown as new () => Partial<LiveValue>;
Bare.prototype = Object.prototype;
