import type { RawLabels } from "../families/label_set.ts";
import { Cell } from "../memory/cell.ts";
import type { FamilyHeader } from "../memory/family_header.ts";
import type { Memory } from "../memory/memory.ts";
import { Table } from "../memory/table.ts";
import { type DirectTarget, type Methods, updateDirectly } from "./direct.ts";
import { SeriesIndex } from "./entries.ts";
import { type Method, override, type Restore } from "./override.ts";
import {
  type Buckets,
  bucketsOf,
  type ClientStorage,
  type StoredEntry,
  type StoredMetric,
  type StoredType,
  takesExemplars,
  upperBoundsOf,
} from "./stored.ts";

export interface InterceptOptions {
  /** The name under which the metric is registered. */
  readonly name: string;
  /** The type of the metric, which it may not say. */
  readonly type: StoredType;
  /** The prototype that has the client's own methods. */
  readonly base: object;
  readonly memory: Memory;
  readonly methods?: Methods;
  /** Called when memory runs out; it detaches. */
  readonly onFailure: (error: unknown) => void;
}

/** A metric whose storage is intercepted. */
export interface Interception {
  readonly table: Table;
  /** Lists the objects whose cells are there, in the client's order. */
  owners(): Iterable<object>;
  /**
   * Makes the metric what it was, with the values that it has now.
   *
   * @returns Whether that could be done: a metric that was frozen goes on.
   */
  detach(): boolean;
}

/** A client's metric, with a storage in place of its own that writes into cells. */
export abstract class ClientInterception<Stored, Live extends Stored>
  implements Interception, DirectTarget {
  readonly table: Table;
  readonly series: SeriesIndex;
  readonly metric: StoredMetric;
  readonly header: FamilyHeader;
  readonly buckets: Buckets;
  protected readonly options: InterceptOptions;
  /** The storage that the client gets. */
  protected shown!: Live;
  /** Put back what was replaced besides the storage. */
  protected readonly undo: (() => unknown)[] = [];
  readonly #property: ClientStorage["property"];
  #restore: Restore | undefined;

  constructor(
    metric: StoredMetric,
    property: ClientStorage["property"],
    options: InterceptOptions,
  ) {
    if (!Object.getOwnPropertyDescriptor(metric, property)?.writable) {
      throw new TypeError("it must not be frozen, or changed by somebody else");
    }
    this.metric = metric;
    const { name, type } = options;
    this.buckets = bucketsOf(upperBoundsOf(metric, type));
    this.header = {
      name,
      help: String(metric.help),
      type,
      bounds: type === "histogram" ? this.buckets.bounds : undefined,
      exemplars: takesExemplars(metric, type),
    };
    this.series = new SeriesIndex(metric.labelNames);
    this.table = new Table(options.memory, {
      header: this.header,
      isUnlabelled: metric.labelNames.length === 0,
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

  abstract observe(entry: StoredEntry, observation: number): boolean;

  set(entry: StoredEntry, value: number, _labels?: RawLabels): void {
    Cell.set(entry, value);
  }

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
      this.undo.push(updateDirectly(metric, this.options, this));
      this.#restore = override(metric, this.#property, {
        get: () => this.shown,
        set: (stored: Stored) => this.replace(stored),
      });
    } catch (error) {
      this.#end();
      this.table.dispose();
      throw error;
    }
  }

  detach(): boolean {
    const stored = this.copy();
    if (!this.#restore!()) return false;
    Reflect.set(this.metric, this.#property, stored);
    this.#end();
    return true;
  }

  /** Makes a change for which memory may run out. */
  attempt(change: () => void): void {
    try {
      change();
    } catch (error) {
      this.fail(error);
    }
  }

  /** Gives up keeping values in shared memory; the metric is what it was. */
  fail(error: unknown): void {
    if (this.#restore === undefined) throw error;
    this.options.onFailure(error);
  }

  #end(): void {
    for (const undo of this.undo) undo();
  }

  #override(name: string, make: (method: Method) => Method): void {
    const value = make(Reflect.get(this.metric, name));
    this.undo.push(override(this.metric, name, { writable: true, value }));
  }

  /** Shows readers no values that a collector has reset and not yet set again. */
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
}
