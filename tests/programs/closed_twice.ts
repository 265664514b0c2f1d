/**
 * Closes a server twice, one after the other, and tells whether the process
 * ends before the second call's grace is over.
 */
import process from "node:process";
import { startHttpServer } from "../../mod.ts";

const server = await startHttpServer({ addr: "127.0.0.1" });
await server.close();
const startedAt = performance.now();
await server.close(60_000);
process.once("exit", () => {
  const isAtOnce = performance.now() - startedAt < 30_000;
  console.log(isAtOnce ? "ended at once" : "ended late");
});
