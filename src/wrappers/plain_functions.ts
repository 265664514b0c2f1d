/**
 * Functions that measure with plain probes, as `instrument.ts` does with any. Each
 * set of probes has code of its own, which engines inline: one function for all sets
 * costs a tenth more, and the interface `Probe` up to a hundred nanoseconds a call.
 *
 * @module
 */

import { FailureProbe, InprogressProbe, TimeProbe } from "./plain_probes.ts";
import type { AnyFunction, Arguments, Probe } from "./probe.ts";
import { isObject, promiseOf, Rejection, settle } from "./promises.ts";

/** Plain probes around one function, the outermost first. */
interface Stack {
  readonly time: TimeProbe | undefined;
  readonly count: FailureProbe | undefined;
  readonly track: InprogressProbe | undefined;
}

/**
 * Wraps a function in plain probes.
 *
 * @returns `undefined` for other probes, two of a kind, or another order than that
 * of {@linkcode Stack}, since metrics are called in the order of nesting.
 */
export function plainWrapper(
  fn: AnyFunction,
  probes: readonly Probe[],
): AnyFunction | undefined {
  const rest = [...probes];
  const take = <P>(kind: new (...args: never[]) => P): P | undefined =>
    rest[0] instanceof kind ? rest.shift() as P : undefined;
  const time = take(TimeProbe);
  const count = take(FailureProbe);
  const track = take(InprogressProbe);
  if (rest.length > 0) return undefined;
  if (probes.length > 1) return stacked(fn, { time, count, track });
  if (time !== undefined) return timed(fn, time);
  if (count !== undefined) return counted(fn, count);
  return track && tracked(fn, track);
}

function timed(fn: AnyFunction, time: TimeProbe): AnyFunction {
  const { wrapped } = {
    wrapped(this: unknown, ...args: Arguments): unknown {
      const started = time.start();
      let result: unknown;
      try {
        result = Reflect.apply(fn, this, args);
      } catch (error) {
        time.end(started);
        throw error;
      }
      const promise = isObject(result) ? promiseOf(result) : undefined;
      if (promise !== undefined) return follow(time, started, promise);
      time.end(started);
      return result;
    },
  };
  return wrapped;
}

/**
 * Apart from the wrappers, where these handlers would make each call allocate their
 * variables, even without a promise.
 */
function follow<State>(
  probe: { end(state: State): void },
  state: State,
  promise: Promise<unknown>,
): Promise<unknown> {
  return settle(promise, (value) => {
    probe.end(state);
    return value;
  }, (reason) => {
    probe.end(state);
    return new Rejection(reason);
  });
}

function counted(fn: AnyFunction, count: FailureProbe): AnyFunction {
  const onRejected = (reason: unknown) => {
    count.fail(reason);
    return new Rejection(reason);
  };
  const { wrapped } = {
    wrapped(this: unknown, ...args: Arguments): unknown {
      let result: unknown;
      try {
        result = Reflect.apply(fn, this, args);
      } catch (error) {
        count.fail(error);
        throw error;
      }
      const promise = isObject(result) ? promiseOf(result) : undefined;
      // Without a handler, fulfilment takes less time.
      if (promise !== undefined) return settle(promise, undefined, onRejected);
      return result;
    },
  };
  return wrapped;
}

function tracked(fn: AnyFunction, track: InprogressProbe): AnyFunction {
  const { wrapped } = {
    wrapped(this: unknown, ...args: Arguments): unknown {
      const isUp = track.start();
      let result: unknown;
      try {
        result = Reflect.apply(fn, this, args);
      } catch (error) {
        track.end(isUp);
        throw error;
      }
      const promise = isObject(result) ? promiseOf(result) : undefined;
      if (promise !== undefined) return follow(track, isUp, promise);
      track.end(isUp);
      return result;
    },
  };
  return wrapped;
}

function stacked(fn: AnyFunction, stack: Stack): AnyFunction {
  const { time, count, track } = stack;
  const { wrapped } = {
    wrapped(this: unknown, ...args: Arguments): unknown {
      const started = time === undefined ? 0 : time.start();
      const isUp = track !== undefined && track.start();
      let result: unknown;
      try {
        result = Reflect.apply(fn, this, args);
      } catch (error) {
        if (track !== undefined) track.end(isUp);
        if (count !== undefined) count.fail(error);
        if (time !== undefined) time.end(started);
        throw error;
      }
      const promise = isObject(result) ? promiseOf(result) : undefined;
      if (promise !== undefined) {
        return followStacked(promise, stack, started, isUp);
      }
      if (track !== undefined) track.end(isUp);
      if (time !== undefined) time.end(started);
      return result;
    },
  };
  return wrapped;
}

function followStacked(
  promise: Promise<unknown>,
  { time, count, track }: Stack,
  started: number,
  isUp: boolean,
): Promise<unknown> {
  return settle(promise, (value) => {
    if (track !== undefined) track.end(isUp);
    if (time !== undefined) time.end(started);
    return value;
  }, (reason) => {
    if (track !== undefined) track.end(isUp);
    if (count !== undefined) count.fail(reason);
    if (time !== undefined) time.end(started);
    return new Rejection(reason);
  });
}
