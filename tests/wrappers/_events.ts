/** Wraps in all three wrappers, around one metric that notes its calls. */
import {
  type AnyFunction,
  countExceptions,
  time,
  trackInprogress,
} from "../../src/wrappers/mod.ts";

/** The events of a metric, in order: `inc` counts errors, `up` and `down` calls. */
type MetricEvent = "observe" | "inc" | "up" | "down";

/** The three wrappers, and the events of their metrics so far. */
export interface Events {
  readonly events: MetricEvent[];
  /** Wraps a function in `time`, `countExceptions` and `trackInprogress`. */
  readonly wrap: <F extends AnyFunction>(fn: F) => F;
}

/** Makes the three wrappers with a new list of events. */
export function withEvents(): Events {
  const events: MetricEvent[] = [];
  const note = (event: MetricEvent) => () => void events.push(event);
  const timed = time({ observe: note("observe") });
  const counted = countExceptions({ inc: note("inc") });
  const tracked = trackInprogress({ inc: note("up"), dec: note("down") });
  return { events, wrap: (fn) => timed(counted(tracked(fn))) };
}
