/** Drops rejected promises, wrapped and not, and prints how many were noticed. */
import {
  type AnyFunction,
  countExceptions,
  time,
  trackInprogress,
} from "../../mod.ts";
import process from "node:process";

let noticed = 0;
process.on("unhandledRejection", () => noticed++);

const metric = { observe: () => {}, inc: () => {}, dec: () => {} };
const fails = () => Promise.reject(new Error("of a metric"));
const options = { labels: fails as unknown as () => Record<string, string> };

class Task<T> extends Promise<T> {}

const failing: Record<string, AnyFunction> = {
  // deno-lint-ignore require-await
  "async function": async () => {
    throw new Error("dropped");
  },
  "subclass": () => Task.reject(new Error("dropped")),
  "async generator": async function* () {
    yield await Promise.reject(new Error("dropped"));
  },
};

/** Calls a function, and drops what it returns, or what its first step does. */
function drop(fn: AnyFunction): void {
  const result = fn();
  (result as Partial<AsyncGenerator>).next?.();
}

/** Counts what is noticed while `act` runs, and in the turns after. */
async function count(act: () => unknown): Promise<number> {
  noticed = 0;
  act();
  // Several turns rather than a long one, which a busy machine runs as one.
  for (let turn = 0; turn < 5; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return noticed;
}

// The first time, some runtimes notice later than after.
await count(failing["async function"]);

const quiet = console.error;
console.error = () => {};
for (const [name, fail] of Object.entries(failing)) {
  const counts: number[] = [];
  for (
    const act of [
      () => drop(fail),
      () => drop(time(metric)(fail)),
      () => drop(countExceptions(metric)(fail)),
      () => drop(trackInprogress(metric)(fail)),
      () =>
        drop(
          time(metric)(countExceptions(metric)(trackInprogress(metric)(fail))),
        ),
      () => drop(time({ observe: fails })(fail)),
      () => drop(time(metric, options)(fail)),
      () => drop(time(metric, { onError: fails })(fail)),
    ]
  ) counts.push(await count(act));
  console.log(`${name}: ${counts.join(" ")}`);
}

const thenable = () => ({
  then: (_: unknown, reject: (reason: unknown) => void) =>
    reject(new Error("dropped")),
});
console.log(
  "thenable: " + [
    await count(() => Promise.resolve(thenable())),
    await count(() => time(metric)(thenable)()),
  ].join(" "),
);

const fail = failing["async function"] as () => Promise<never>;
console.log(
  "promise: " + [
    await count(fail),
    await count(() => time(metric, fail())),
    await count(() => time({ observe: fails }, fail())),
  ].join(" "),
);
console.log(
  "handled: " + [
    await count(() => fail().catch(() => {})),
    await count(() => time(metric)(fail)().catch(() => {})),
    await count(() => time(metric, fail()).catch(() => {})),
    // A rejection that is handled late is noticed once, as without a wrapper.
    await count(() => {
      const promise = time(metric)(fail)();
      setTimeout(() => promise.catch(() => {}), 10);
    }),
  ].join(" "),
);
console.error = quiet;
