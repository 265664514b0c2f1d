import type { StoredMetric } from "../../clients/storage.ts";
import type { Memory } from "../memory.ts";
import type { Table } from "../table.ts";

/** Keeps what one client package stores in shared memory. */
export interface LiveClient {
  /** The property of its metrics that holds what they store. */
  readonly property: string;
  /** Tells whether that is as it is known. */
  isKnown(storage: object): boolean;
  /**
   * Intercepts what a metric stores, from now on.
   *
   * @param metric A metric that has the client's shape.
   * @throws {Error} If it cannot be kept; then it is what it was.
   */
  intercept(metric: StoredMetric, options: InterceptOptions): Interception;
}

/** How a metric is intercepted. */
export interface InterceptOptions {
  /** The prototype that has the client's own methods. */
  readonly base: object;
  /** Where its values will be. */
  readonly memory: Memory;
  /** Called when they can no longer be there; it detaches. */
  readonly onFailure: (error: unknown) => void;
}

/** A metric whose storage is intercepted. */
export interface Interception {
  /** Where its values are. */
  readonly table: Table;
  /**
   * Makes the metric what it was, with the values that it has now. Those in the
   * table stay as they are.
   *
   * @returns Whether that could be done: a metric that was frozen goes on.
   */
  detach(): boolean;
}
