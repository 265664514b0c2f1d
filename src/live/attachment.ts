import { HashMapInterception } from "../clients/prom_client/hash_map.ts";
import { StoreInterception } from "../clients/client_js/store.ts";
import type { Interception } from "../clients/interception.ts";
import { bucketsOf, cellsOf } from "../clients/buckets.ts";
import { requireSame, use } from "../clients/probe.ts";
import {
  differs,
  type LiveVerdict,
  makeScratch,
  recognise,
  type Verdict,
} from "../clients/recognise.ts";
import type { Row, StoredMetric } from "../clients/stored.ts";
import { Cell } from "../memory/cell.ts";
import { Memory } from "../memory/memory.ts";
import type { Table } from "../memory/table.ts";
import { messageOf } from "../message_of.ts";
import { OwnMetric } from "../metrics/own_metric.ts";
import type { RegisteredMetric } from "../types.ts";
import { type LiveOwnMetric, OwnInterception } from "./own_metric.ts";

const INTERCEPTIONS = {
  hashMap: HashMapInterception,
  store: StoreInterception,
} as const;

const attachments = new WeakMap<RegisteredMetric, Attachment>();

/**
 * A metric whose values are kept in shared memory, for as long as somebody wants
 * that; or the reason why they are not.
 */
export class Attachment {
  readonly #metric: RegisteredMetric;
  readonly #memory: Memory;
  readonly #users = new Set<() => void>();
  #interception: Interception | undefined;
  /** Where the values are, or were when they could no longer be kept. */
  table: Table | undefined;
  /** Why the values are not kept; `undefined` if they are. */
  reason: string | undefined;
  /** Whether it is a known client's, or looks like one. */
  isClients = false;
  #verdict: Verdict | undefined;

  /**
   * Finds the attachment of a metric, or makes one, for one more user.
   *
   * @param onLost Called when the values can no longer be kept.
   */
  static of(
    metric: RegisteredMetric,
    memory: Memory,
    onLost: () => void,
  ): Attachment {
    let attachment = attachments.get(metric);
    // One that is left of another memory cannot be read in this one.
    if (attachment === undefined || attachment.#memory !== memory) {
      attachment = new Attachment(metric, memory);
      attachments.set(metric, attachment);
    }
    attachment.#users.add(onLost);
    return attachment;
  }

  private constructor(metric: RegisteredMetric, memory: Memory) {
    this.#metric = metric;
    this.#memory = memory;
    try {
      this.#interception = this.#intercept();
      this.table = this.#interception.table;
    } catch (error) {
      this.reason = messageOf(error);
    }
  }

  /**
   * Intercepts the metric.
   *
   * @throws {Error} If that cannot be done.
   */
  #intercept(): Interception {
    const metric = this.#metric;
    const memory = this.#memory;
    const onFailure = (error: unknown) => this.#lose(messageOf(error));
    if (metric instanceof OwnMetric && metric.type !== "summary") {
      return new OwnInterception(metric as LiveOwnMetric, memory, onFailure);
    }
    const verdict = recognise(metric);
    this.isClients = "storage" in verdict || verdict.isClients;
    if (!("storage" in verdict)) throw new Error(verdict.reason);
    const { base, storage: { property, type } } = verdict;
    const { observe, reason } = judge(verdict);
    if (reason !== undefined) throw new Error(reason);
    this.#heed(verdict);
    const options = { type, base, memory, observe, onFailure };
    return new (INTERCEPTIONS[property])(metric as never, options);
  }

  /** Lets go; the metric is what it was when no mirror wants it any more. */
  release(onLost: () => void): void {
    this.#users.delete(onLost);
    if (this.#users.size > 0) return;
    if (attachments.get(this.#metric) === this) {
      attachments.delete(this.#metric);
    }
    // A metric that was frozen meanwhile goes on with its cells.
    if (this.#detach()) this.table?.dispose();
  }

  /** Follows what may be changed of a metric: its methods, name and help text. */
  follow(): void {
    if (this.reason !== undefined) return;
    const { name, help, type } = this.#metric as StoredMetric;
    if (this.isClients) {
      const found = recognise(this.#metric);
      const { reason } = "storage" in found ? judge(found) : found;
      if (reason !== undefined) return this.#lose(reason);
      const verdict = found as Verdict;
      // No constructor runs by now: one that has thrown has left it without a type.
      if (type !== verdict.scratch.type) {
        return this.#lose("its constructor must not throw");
      }
      this.#heed(verdict);
    }
    this.table?.rename(name, String(help));
  }

  /** Goes by a verdict that may still change. */
  #heed(verdict: Verdict): void {
    if (verdict === this.#verdict) return;
    this.#verdict = verdict;
    verdict.checked?.then(() => {
      const isHeeded = verdict === this.#verdict;
      if (isHeeded && this.#interception !== undefined) this.follow();
    });
  }

  #lose(reason: string): void {
    if (this.#interception === undefined) return;
    this.reason = reason;
    this.#detach();
    this.table?.leave();
    for (const onLost of this.#users) onLost();
  }

  #detach(): boolean {
    const interception = this.#interception;
    this.#interception = undefined;
    return interception?.detach() ?? true;
  }
}

/** Finds out whether metrics can be live, by making another one so. */
function judge(verdict: Verdict): LiveVerdict {
  const { base, live, scratch: { observe } } = verdict;
  if (live !== undefined) return live;
  // One that was put in its place may do more than to count.
  const isClients = typeof observe === "function" &&
    Reflect.get(base, observe.name) === observe &&
    !Object.hasOwn(observe, "prototype");
  const isDirect = isClients && verdict.type === "histogram" &&
    !verdict.isLabelled && !verdict.hasExemplars;
  let reason: string | undefined;
  for (const bypassed of isDirect ? [observe, undefined] : [undefined]) {
    try {
      requireLive(verdict, bypassed);
      return verdict.live = { observe: bypassed };
    } catch (error) {
      // That there is no memory says nothing of the class.
      if (error instanceof RangeError) throw error;
      reason = differs(error);
    }
  }
  return verdict.live = { reason };
}

/**
 * Requires that another metric goes on as before while it is live, with all of its
 * values in cells, and is what it was afterwards.
 */
function requireLive(verdict: Verdict, observe: unknown): void {
  const { base, type, bounds, storage } = verdict;
  const scratch = makeScratch(base, verdict);
  const properties = Object.keys(scratch);
  const options = {
    type,
    base,
    memory: new Memory(),
    observe,
    onFailure(error: unknown) {
      throw error;
    },
  };
  const buckets = bucketsOf(bounds);
  let live: Interception | undefined;
  let stored: readonly Row[] = [];
  for (const rows of use(scratch, verdict)) {
    live ??= new (INTERCEPTIONS[storage.property])(scratch as never, options);
    const expected = rows.map((row) =>
      type === "histogram" ? cellsOf(row, buckets) : [row.value]
    );
    const cells = [...live.owners()].map((owner, row) => {
      const at = Cell.at(owner);
      return [...Cell.cells(owner).subarray(at, at + expected[row].length)];
    });
    requireSame([live.table.rows, ...cells], [rows.length, ...expected]);
    const [{ entries }] = storage.list<Row>(scratch);
    requireSame(entries, stored = rows);
  }
  live!.detach();
  const [{ entries }] = storage.list<Row>(scratch);
  requireSame(entries, stored);
  requireSame(Object.keys(scratch), properties);
}
