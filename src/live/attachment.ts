import { reasonOf } from "../base/describe.ts";
import { LabelMapInterception } from "../clients/client_js/label_map.ts";
import type { Methods } from "../clients/direct.ts";
import { cellsOf } from "../clients/entries.ts";
import type { Interception } from "../clients/interception.ts";
import { METHODS, requireSame, type Row, use } from "../clients/probe.ts";
import { HashMapInterception } from "../clients/prom_client/hash_map.ts";
import {
  differs,
  makeScratch,
  recognise,
  type Verdict,
} from "../clients/storage.ts";
import { bucketsOf, type StoredMetric } from "../clients/stored.ts";
import { Cell } from "../memory/cell.ts";
import { Memory } from "../memory/memory.ts";
import type { Table } from "../memory/table.ts";
import { OwnMetric } from "../metrics/own_metric.ts";
import type { RegisteredMetric } from "../types.ts";
import { OwnInterception } from "./own_interception.ts";

const INTERCEPTIONS = {
  hashMap: HashMapInterception,
  store: LabelMapInterception,
} as const;

const attachments = new WeakMap<RegisteredMetric, Attachment>();

/** Keeps a metric's values in shared memory while it has users, or says why not. */
export class Attachment {
  readonly #metric: RegisteredMetric;
  #name: string;
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

  /** Finds or makes the attachment of a metric, for a user who is told its loss. */
  static of(
    metric: RegisteredMetric,
    name: string,
    memory: Memory,
    onLost: () => void,
  ): Attachment {
    let attachment = attachments.get(metric);
    // An attachment to another memory cannot be read in this one.
    if (attachment === undefined || attachment.#memory !== memory) {
      attachment = new Attachment(metric, name, memory);
      attachments.set(metric, attachment);
    }
    attachment.#users.add(onLost);
    return attachment;
  }

  private constructor(metric: RegisteredMetric, name: string, memory: Memory) {
    this.#metric = metric;
    this.#name = name;
    this.#memory = memory;
    try {
      this.#interception = this.#intercept();
      this.table = this.#interception.table;
    } catch (error) {
      this.reason = reasonOf(error);
    }
  }

  #intercept(): Interception {
    const metric = this.#metric;
    const memory = this.#memory;
    const onFailure = (error: unknown) => this.#lose(reasonOf(error));
    if (metric instanceof OwnMetric && metric.type !== "summary") {
      return new OwnInterception(metric, memory, onFailure);
    }
    const verdict = recognise(metric);
    this.isClients = "storage" in verdict || verdict.isClients;
    if (!("storage" in verdict)) throw new Error(verdict.reason);
    const { base, storage: { property, type } } = verdict;
    const { methods, reason } = judge(verdict);
    if (reason !== undefined) throw new Error(reason);
    this.#heed(verdict);
    const name = this.#name;
    const options = { name, type, base, memory, methods, onFailure };
    return new (INTERCEPTIONS[property])(metric as never, options);
  }

  /** Lets go; the metric is what it was when no mirror wants it any more. */
  release(onLost: () => void): void {
    this.#users.delete(onLost);
    if (this.#users.size > 0) return;
    const metric = this.#metric;
    if (attachments.get(metric) === this) attachments.delete(metric);
    // A metric that was frozen meanwhile goes on with its cells.
    if (this.#detach()) this.table?.dispose();
  }

  /** Follows changes of the metric's methods, help text, and name in the registry. */
  follow(name: string = this.#name): void {
    this.#name = name;
    if (this.reason !== undefined) return;
    const { help, type } = this.#metric as StoredMetric;
    if (this.isClients) {
      const found = recognise(this.#metric);
      if (!("storage" in found)) return this.#lose(found.reason);
      const { reason } = judge(found);
      if (reason !== undefined) return this.#lose(reason);
      // The constructor has ended: without a type if it has thrown.
      if (type !== found.scratch.type) {
        return this.#lose("its constructor must not throw");
      }
      this.#heed(found);
    }
    this.table?.rename(name, String(help));
  }

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
function judge(verdict: Verdict): NonNullable<Verdict["live"]> {
  if (verdict.live !== undefined) return verdict.live;
  const methods = methodsOf(verdict);
  let reason: string | undefined;
  for (const bypassed of methods ? [methods, undefined] : [undefined]) {
    try {
      requireLive(verdict, bypassed);
      return verdict.live = { methods: bypassed };
    } catch (error) {
      // A lack of memory says nothing of the class.
      if (error instanceof RangeError) throw error;
      reason = differs(error);
    }
  }
  return verdict.live = { reason };
}

/** Lists the methods that might be bypassed, if all of them are the client's. */
function methodsOf(
  { base, type, hasExemplars, scratch }: Verdict,
): Methods | undefined {
  if (hasExemplars) return undefined;
  const names = [...METHODS[type], ...type === "histogram" ? ["labels"] : []];
  // A replaced method may do more than to update.
  const areClients = names.every((name) => {
    const method = scratch[name];
    return typeof method === "function" &&
      Reflect.get(base, method.name) === method &&
      !Object.hasOwn(method, "prototype");
  });
  if (!areClients) return undefined;
  return Object.fromEntries(names.map((name) => [name, scratch[name]]));
}

/**
 * Requires that another metric stores the same while it is live, with all values
 * in cells, and is what it was afterwards.
 */
function requireLive(verdict: Verdict, methods: Methods | undefined): void {
  const { base, type, bounds, storage } = verdict;
  const scratch = makeScratch(base, verdict);
  const properties = Object.keys(scratch);
  const options = {
    name: scratch.name,
    type,
    base,
    memory: new Memory(),
    methods,
    onFailure(error: unknown) {
      throw error;
    },
  };
  const buckets = bucketsOf(bounds);
  const requireStored = (rows: readonly Row[]) => {
    const [{ entries }] = storage.list<Row>(scratch);
    requireSame(entries, rows);
  };
  let live: Interception | undefined;
  let rows: readonly Row[] = [];
  for (rows of use(scratch, verdict)) {
    live ??= new (INTERCEPTIONS[storage.property])(scratch as never, options);
    const expected = rows.map((row) =>
      type === "histogram" ? cellsOf(row, buckets) : [row.value]
    );
    const cells = [...live.owners()].map((owner, row) => {
      const at = Cell.at(owner);
      return [...Cell.cells(owner).subarray(at, at + expected[row].length)];
    });
    requireSame([live.table.rows, ...cells], [rows.length, ...expected]);
    requireStored(rows);
  }
  live!.detach();
  requireStored(rows);
  requireSame(Object.keys(scratch), properties);
}
