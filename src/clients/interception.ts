/**
 * Replaces what a client's objects have, until it is put back.
 *
 * @module
 */

import type { FamilyHeader } from "../memory/family_header.ts";
import type { Memory } from "../memory/memory.ts";
import { Table } from "../memory/table.ts";
import { type Buckets, bucketsOf } from "./buckets.ts";
import type { ClientStorage, StoredMetric, StoredType } from "./stored.ts";

/** A property that was replaced. */
export interface Override {
  /**
   * Puts back what was there, unless somebody else has replaced it meanwhile.
   *
   * @returns Whether that could be done: a frozen object stays as it is.
   */
  restore(): boolean;
}

/**
 * Replaces a property of an object, invisibly for those who list its properties.
 *
 * @throws {TypeError} If the object does not permit it.
 */
export function override(
  target: object,
  name: string,
  descriptor: PropertyDescriptor,
): Override {
  const own = Object.getOwnPropertyDescriptor(target, name);
  const enumerable = own?.enumerable ?? false;
  if (!(own?.configurable ?? Object.isExtensible(target))) {
    throw new TypeError(`its ${name} must not be frozen`);
  }
  Object.defineProperty(target, name, {
    configurable: true,
    enumerable,
    ...descriptor,
  });
  return {
    restore() {
      const now = Object.getOwnPropertyDescriptor(target, name);
      const isOwn = now !== undefined && now.get === descriptor.get &&
        now.set === descriptor.set && now.value === descriptor.value;
      if (!isOwn) return true;
      if (!now.configurable) return false;
      if (own === undefined) delete (target as Record<string, unknown>)[name];
      else Object.defineProperty(target, name, own);
      return true;
    },
  };
}

/** How a metric is intercepted. */
export interface InterceptOptions {
  /** The type of the metric, which it may not say. */
  readonly type: StoredType;
  /** The prototype that has the client's own methods. */
  readonly base: object;
  /** Where its values will be. */
  readonly memory: Memory;
  /**
   * The `observe()` of a histogram, if it may be bypassed: another one that
   * somebody has put in its place may do more than to count.
   */
  readonly observe?: unknown;
  /** Called when they can no longer be there; it detaches. */
  readonly onFailure: (error: unknown) => void;
}

/** A metric whose storage is intercepted. */
export interface Interception {
  /** Where its values are. */
  readonly table: Table;
  /** Lists the objects whose cells are there, in the client's order. */
  owners(): Iterable<object>;
  /**
   * Makes the metric what it was, with the values that it has now. Those in the
   * table stay as they are.
   *
   * @returns Whether that could be done: a metric that was frozen goes on.
   */
  detach(): boolean;
}

/** Both clients' key for a label set without labels. */
export const UNLABELLED = "";

/** A client's metric, with a storage in place of its own that writes into cells. */
export abstract class ClientInterception<Stored, Live extends Stored>
  implements Interception {
  readonly table: Table;
  protected readonly metric: StoredMetric;
  protected readonly options: InterceptOptions;
  protected readonly header: FamilyHeader;
  protected readonly buckets: Buckets;
  protected readonly isUnlabelled: boolean;
  /** The storage that the client gets. */
  protected shown!: Live;
  /** Put back what was replaced besides the storage. */
  protected readonly undo: (() => void)[] = [];
  readonly #property: ClientStorage["property"];
  #storage: Override | undefined;
  #direct: Override | undefined;
  #isOver = false;

  constructor(
    metric: StoredMetric,
    property: ClientStorage["property"],
    options: InterceptOptions,
  ) {
    if (!Object.getOwnPropertyDescriptor(metric, property)?.writable) {
      throw new TypeError(
        "it must not be frozen, or changed by somebody else",
      );
    }
    this.metric = metric;
    const { name, help, upperBounds, buckets, enableExemplars } = metric;
    const { type } = options;
    // The constructor may not have come to `upperBounds` yet.
    const bounds = upperBounds ?? buckets ?? [];
    this.buckets = bucketsOf(type === "histogram" ? bounds : []);
    this.header = {
      name,
      help: String(help),
      type,
      bounds: type === "histogram" ? this.buckets.bounds : undefined,
      exemplars: Boolean(enableExemplars) && type !== "gauge",
    };
    this.isUnlabelled = metric.labelNames.length === 0;
    this.table = new Table(options.memory, {
      header: this.header,
      isUnlabelled: this.isUnlabelled,
      owners: () => this.owners(),
    });
    this.#property = property;
    this.options = options;
  }

  abstract owners(): Iterable<object>;

  /** Shows a storage that has in cells what the metric has stored so far. */
  protected abstract adopt(stored: Stored): void;

  /** Shows another storage, which the client has put in place to reset itself. */
  protected abstract replace(stored: Stored): void;

  /** Makes a storage of the client's own, with the values of now. */
  protected abstract copy(): Stored;

  /** Publishes the exemplar that `updateExemplar()` was given. */
  protected abstract follow(given: readonly unknown[]): void;

  /** Counts an observation where there are no labels; tells whether it could. */
  protected abstract count(observation: number): boolean;

  /**
   * Begins.
   *
   * @throws {Error} If the metric cannot be kept; then it is what it was.
   */
  protected begin(): void {
    const { metric } = this;
    try {
      this.adopt(Reflect.get(metric, this.#property));
      if (typeof metric.collect === "function") this.#holdWhileCollecting();
      if (this.header.exemplars) {
        this.#override("updateExemplar", (update) => (...given) => {
          update.apply(metric, given);
          this.attempt(() => this.follow(given));
        });
      }
      this.#countDirectly();
      this.#storage = override(metric, this.#property, {
        get: () => this.shown,
        set: (stored: Stored) => {
          this.replace(stored);
          // Constructors come here when they have set `observe`.
          this.#countDirectly();
        },
      });
    } catch (error) {
      this.#end();
      this.table.dispose();
      throw error;
    }
  }

  detach(): boolean {
    const stored = this.copy();
    if (!this.#storage!.restore()) return false;
    Reflect.set(this.metric, this.#property, stored);
    this.#end();
    return true;
  }

  /** Does what may fail for want of memory; the client has done its part. */
  protected attempt(change: () => void): void {
    try {
      change();
    } catch (error) {
      this.fail(error);
    }
  }

  /** Gives up keeping values in shared memory; the metric is what it was. */
  protected fail(error: unknown): void {
    if (this.#storage === undefined) throw error;
    this.options.onFailure(error);
  }

  #end(): void {
    this.#isOver = true;
    for (const undo of this.undo) undo();
    this.#direct?.restore();
  }

  #override(name: string, make: (method: Method) => Method): void {
    const value = make(Reflect.get(this.metric, name));
    const replaced = override(this.metric, name, { writable: true, value });
    this.undo.push(() => replaced.restore());
  }

  /**
   * Keeps readers from what a collector has reset and not yet set again, whoever
   * runs it.
   */
  #holdWhileCollecting(): void {
    const { family } = this.table;
    this.#override("collect", (collect) =>
      function (this: unknown): unknown {
        family.hold();
        let collected: unknown;
        try {
          collected = collect.call(this);
        } finally {
          if (!(collected instanceof Promise)) family.letGo();
        }
        return collected instanceof Promise
          ? collected.finally(() => family.letGo())
          : collected;
      });
  }

  /**
   * Counts the observations of a histogram without labels directly, if it can be
   * so by now: it has one label set, which needs no search. All but plain numbers
   * go the client's own way, and so do observations of children and timers.
   */
  #countDirectly(): void {
    const { metric } = this;
    const own = Object.getOwnPropertyDescriptor(metric, "observe");
    const observe = own?.value;
    if (
      !own?.configurable || typeof observe !== "function" ||
      observe !== this.options.observe || this.#direct !== undefined
    ) return;
    const count = (self: unknown, given: unknown) =>
      // A function that was kept may be called after the end.
      !this.#isOver && self === metric && Number.isFinite(given) &&
      this.count(given as number);
    const { name } = observe;
    // A method, as the client's is: it has its name, and constructs nothing.
    const { [name]: value } = {
      [name](this: unknown, given: unknown, value: unknown): unknown {
        return count(this, given)
          ? undefined
          : observe.call(this, given, value);
      },
    };
    this.#direct = override(metric, "observe", { ...own, value });
  }
}

/** A method of a client's object. */
export type Method = (this: unknown, ...given: unknown[]) => unknown;
