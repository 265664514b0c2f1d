/**
 * Calls wrapped functions a million times, and prints by how many bytes the heap
 * has grown with each quarter. The garbage collector must be at hand:
 * `--expose-gc`.
 */
import { countExceptions, time, trackInprogress } from "../../mod.ts";
import { heapUsed } from "./_heap.ts";

const metric = { observe: () => {}, inc: () => {}, dec: () => {} };
const labelled = { labels: () => ({ a: "b" }) };
const wrap = <F extends (n: number) => unknown>(fn: F): F =>
  time(metric)(countExceptions(metric, labelled)(trackInprogress(metric)(fn)));

const sync = wrap((n) => n);
const fulfilling = wrap((n) => Promise.resolve(n));
const rejecting = wrap((n) => Promise.reject(n));
const generator = wrap(function* (n) {
  yield n;
});

/** Between so many parts the heap is measured. */
const PARTS = 4;

async function callAll(times: number): Promise<void> {
  for (let n = 0; n < times; n++) {
    sync(n);
    await fulfilling(n);
    await time(metric, Promise.resolve(n));
    if (n % 10 !== 0) continue;
    await rejecting(n).catch(() => {});
    for (const _ of generator(n));
  }
}

await callAll(20_000);
const grown: number[] = [];
for (let part = 0, before = await heapUsed(); part < PARTS; part++) {
  await callAll(1_000_000 / 3 / PARTS);
  const now = await heapUsed();
  grown.push(now - before);
  before = now;
}
console.log(JSON.stringify(grown));
