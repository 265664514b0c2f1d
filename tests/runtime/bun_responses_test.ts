import { assert, assertEquals } from "@std/assert";
import {
  BunResponses,
  type BunServer,
  RequestOrigin,
} from "../../src/runtime/bun_responses.ts";
import { timers } from "../../src/runtime/wait.ts";
import { test } from "../_suite.ts";

/** Timers and a clock that goes on when it is told to. */
class FakeClock {
  #now = 0;
  #calls: { at: number; callback: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  later(callback: () => void, ms = 0): { unref(): void } {
    this.#calls.push({ at: this.#now + ms, callback });
    return { unref() {} };
  }

  /** Whether nothing is to be called any more. */
  get isIdle(): boolean {
    return this.#calls.length === 0;
  }

  /** Goes on until nothing is left to do before a moment. */
  goTo(end: number): void {
    for (;;) {
      const [next] = this.#calls.toSorted((a, b) => a.at - b.at);
      if (next === undefined || next.at > end) break;
      this.#calls = this.#calls.filter((each) => each !== next);
      this.#now = next.at;
      next.callback();
    }
    this.#now = end;
  }
}

/** Requests that end when the clock says so, and when that was found. */
class Responses implements BunServer {
  readonly pendingWebSockets = 0;
  readonly clock: FakeClock = new FakeClock();
  readonly #responses: BunResponses = new BunResponses();
  readonly #origin: RequestOrigin = new RequestOrigin();
  readonly #endOf = new Map<Request, number>();
  /** The ends, and when they were found. */
  readonly found: { end: number; at: number }[] = [];
  /** The error that is thrown at the caller. */
  refusal: Error | undefined;
  /** How often somebody was asked. */
  looks = 0;

  requestIP(request: Request): unknown {
    this.looks++;
    if (this.refusal) throw this.refusal;
    const end = this.#endOf.get(request);
    return end !== undefined && end > this.clock.now() ? {} : null;
  }

  add(end: number): boolean {
    const request = new Request("http://localhost/");
    this.#endOf.set(request, end);
    const onEnd = () => void this.found.push({ end, at: this.clock.now() });
    const watcher = { onBytes() {}, onEnd };
    return this.#responses.add(this, request, watcher, this.#origin);
  }
}

/** Declares a test of responses by a clock of their own. */
function clocked(name: string, fn: (responses: Responses) => void): void {
  test(name, () => {
    const { setTimeout, setImmediate, now } = timers;
    const responses = new Responses();
    const { clock } = responses;
    const later = clock.later.bind(clock);
    Object.assign(timers, {
      setTimeout: later,
      setImmediate: later,
      now: () => clock.now(),
    });
    try {
      fn(responses);
    } finally {
      Object.assign(timers, { setTimeout, setImmediate, now });
    }
  });
}

clocked(
  "a response is found to have ended when the event loop turns",
  (responses) => {
    assert(responses.add(0.001));
    responses.clock.goTo(0.001);
    responses.clock.goTo(1000);
    assertEquals(responses.found.map(({ end }) => end), [0.001]);
    assert(responses.clock.isIdle);
  },
);

clocked(
  "the end of a response is found late by a thirty-second at most",
  (responses) => {
    const ends = [1, 6, 100, 159, 161, 330, 490, 1000, 9999, 100_000, 1e6];
    for (const end of ends) assert(responses.add(end));
    responses.clock.goTo(2e6);
    assertEquals(responses.found.map(({ end }) => end), ends);
    for (const { end, at } of responses.found) {
      const late = at - end;
      assert(late <= Math.max(5, end / 32), `${end} was found at ${at}`);
    }
    assert(responses.clock.isIdle);
  },
);

clocked("who comes later is not found later", (responses) => {
  const lateness: number[] = [];
  for (let start = 0; start < 5000; start += 37) {
    responses.clock.goTo(start);
    assert(responses.add(start + 700));
  }
  responses.clock.goTo(10_000);
  for (const { end, at } of responses.found) lateness.push(at - end);
  assert(Math.max(...lateness) <= 700 / 32, `${Math.max(...lateness)}`);
});

clocked(
  "a response that goes on for an hour is asked for seldom",
  (responses) => {
    responses.add(3_600_000);
    responses.clock.goTo(4_000_000);
    assert(responses.looks < 4000, `${responses.looks} looks`);
  },
);

clocked(
  "a request that is not the server's own is not watched",
  (responses) => {
    assertEquals(responses.add(-1), false);
    assert(responses.clock.isIdle);
  },
);

clocked(
  "a request that is none is not watched, and harms nobody later",
  (responses) => {
    // So that the next one is not asked for.
    for (let n = 0; n < 32; n++) responses.add(1);
    responses.refusal = new TypeError("Expected Request object");
    assert(responses.add(1000));
    responses.clock.goTo(100);
    assertEquals(responses.found.length, 33);
    responses.refusal = undefined;
    responses.add(1000);
    responses.clock.goTo(500);
    responses.refusal = new TypeError("Expected Request object");
    responses.clock.goTo(2000);
    assertEquals(responses.found.length, 34);
    assert(responses.clock.isIdle);
  },
);

clocked(
  "requests are asked for at first, then now and then, and all once one was unknown",
  (responses) => {
    const asksFor = (end: number, count: number) => {
      responses.looks = 0;
      for (let n = 0; n < count; n++) responses.add(end);
      return responses.looks;
    };
    assertEquals(asksFor(1000, 32), 32);
    assertEquals(asksFor(1000, 640), 10);
    // The last of them is found.
    assertEquals(asksFor(-1, 64), 1);
    assertEquals(asksFor(-1, 100), 100);
    assertEquals(asksFor(1000, 32 + 640), 32 + 10);
  },
);
