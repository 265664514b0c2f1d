import type { MetricFamily } from "../types.ts";
import { FamilyRecord } from "./family_record.ts";
import { toSnapshot } from "./family_snapshot.ts";
import type { Memory } from "./memory.ts";

/** A family in shared memory that is as it was when it was read last. */
export class Snapshot {
  /** What readers know it by. */
  readonly family: FamilyRecord;

  /** Makes one of a family that was read. */
  constructor(memory: Memory, family: MetricFamily) {
    this.family = new FamilyRecord(memory, toSnapshot(family));
  }

  /** Shows readers the family as it is now. */
  update(family: MetricFamily): void {
    this.family.setHeader(toSnapshot(family));
  }
}
