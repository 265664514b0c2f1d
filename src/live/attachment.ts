import type { StoredMetric } from "../clients/storage.ts";
import { messageOf } from "../message_of.ts";
import type { RegisteredMetric } from "../types.ts";
import type { Interception } from "./clients/live_client.ts";
import { isLiveOwnMetric, OwnInterception } from "./clients/own_metric.ts";
import { recognize } from "./clients/recognize.ts";
import type { Memory } from "./memory.ts";
import { type Override, override } from "./override.ts";
import type { Table } from "./table.ts";

/** Called when the values of a metric can no longer be kept. */
type Lost = () => void;

const attachments = new WeakMap<RegisteredMetric, Attachment>();

/**
 * A metric whose values are kept in shared memory, for as long as somebody wants
 * that; or the reason why they are not.
 */
export class Attachment {
  readonly #metric: RegisteredMetric;
  readonly #memory: Memory;
  readonly #users = new Set<Lost>();
  #interception: Interception | undefined;
  #collector: Override | undefined;
  #table: Table | undefined;
  #reason: string | undefined;

  /** Finds the attachment of a metric, or makes one. */
  static of(metric: RegisteredMetric, memory: Memory): Attachment {
    let attachment = attachments.get(metric);
    // One that is left of another memory cannot be read in this one.
    if (attachment === undefined || attachment.#memory !== memory) {
      attachment = new Attachment(metric, memory);
      attachments.set(metric, attachment);
    }
    return attachment;
  }

  private constructor(metric: RegisteredMetric, memory: Memory) {
    this.#metric = metric;
    this.#memory = memory;
    try {
      const options = {
        memory,
        onFailure: (error: unknown) => this.#lose(error),
      };
      if (isLiveOwnMetric(metric)) {
        this.#interception = new OwnInterception(metric, options);
      } else {
        const recognized = recognize(metric);
        if ("reason" in recognized) {
          this.#reason = recognized.reason;
          return;
        }
        const { client, base } = recognized;
        this.#interception = client.intercept(
          metric as StoredMetric,
          { base, ...options },
        );
      }
      this.#table = this.#interception.table;
      this.#collector = holdWhileCollecting(metric, this.#table);
    } catch (error) {
      this.#reason = messageOf(error);
      if (this.#detach()) this.#table?.dispose();
      this.#table = undefined;
    }
  }

  /** Where the values are, or were when they could no longer be kept. */
  get table(): Table | undefined {
    return this.#table;
  }

  /** Why the values are not kept; `undefined` if they are. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** Keeps the values for one more user. */
  use(onLost: Lost): void {
    this.#users.add(onLost);
  }

  /** Lets go; the metric is what it was when nobody wants it any more. */
  release(onLost: Lost): void {
    this.#users.delete(onLost);
    if (this.#users.size > 0) return;
    if (attachments.get(this.#metric) === this) {
      attachments.delete(this.#metric);
    }
    // A metric that was frozen meanwhile goes on with its cells.
    if (this.#detach()) this.#table?.dispose();
  }

  /** Follows what may be written into a metric: its name, and the help text. */
  followName(): void {
    if (this.#reason !== undefined) return;
    const { name, help } = this.#metric as StoredMetric;
    this.#table?.rename(name, String(help));
  }

  #lose(error: unknown): void {
    this.#reason = messageOf(error);
    // One that was frozen cannot be what it was.
    if (!this.#detach()) this.#table?.leave();
    for (const onLost of this.#users) onLost();
  }

  #detach(): boolean {
    const interception = this.#interception;
    this.#interception = undefined;
    this.#collector?.restore();
    return interception?.detach() ?? true;
  }
}

/**
 * Keeps readers from what a collector has reset and not yet set again, whoever
 * runs it.
 */
function holdWhileCollecting(
  metric: RegisteredMetric,
  table: Table,
): Override | undefined {
  const { collect } = metric as StoredMetric;
  if (typeof collect !== "function") return undefined;
  return override(metric, "collect", {
    writable: true,
    value: function (this: StoredMetric): unknown {
      table.hold();
      let collected: unknown;
      try {
        collected = collect.call(this);
      } catch (error) {
        table.letGo();
        throw error;
      }
      if (collected instanceof Promise) {
        return collected.finally(() => table.letGo());
      }
      table.letGo();
      return collected;
    },
  });
}
