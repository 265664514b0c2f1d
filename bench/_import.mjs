/**
 * A program that prints how long importing a module takes, in milliseconds, and
 * how many exports it has.
 */
import process from "node:process";

const url = process.argv[2];
const startedAt = performance.now();
const module = await import(url);
const ms = performance.now() - startedAt;
console.log(JSON.stringify({ ms, exports: Object.keys(module).length }));
process.exit();
