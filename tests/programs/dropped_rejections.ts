/** Drops rejected promises, wrapped and not, and prints how many were noticed. */
import { countExceptions, time, trackInprogress } from "../../mod.ts";
import process from "node:process";

let noticed = 0;
process.on("unhandledRejection", () => noticed++);

const metric = { observe: () => {}, inc: () => {}, dec: () => {} };
// deno-lint-ignore require-await
const fail = async () => {
  throw new Error("dropped");
};

const counts: number[] = [];
for (
  const drop of [
    fail,
    time(metric)(fail),
    countExceptions(metric)(fail),
    trackInprogress(metric)(fail),
    () => time(metric, fail()),
    time(metric)(countExceptions(metric)(trackInprogress(metric)(fail))),
    () => time(metric)(fail)().catch(() => {}),
  ]
) {
  noticed = 0;
  drop();
  await new Promise((resolve) => setTimeout(resolve, 20));
  counts.push(noticed);
}
console.log(counts.join(" "));
