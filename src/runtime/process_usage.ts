/**
 * The usage of the whole process. Any thread can read it, so a server's thread does
 * while the main thread is blocked. Figures that cannot be read are absent.
 *
 * @module
 */
import process from "node:process";
import { isGranted } from "./permissions.ts";

/** The usage of a process, in seconds, bytes and numbers. */
export interface ProcessUsage {
  readonly userSeconds: number;
  readonly systemSeconds: number;
  readonly residentBytes?: number;
  readonly virtualBytes?: number;
  readonly threads?: number;
  readonly openFiles?: number;
  readonly maxFiles?: number;
}

/** Reads the usage of this process. */
export function processUsage(): ProcessUsage {
  const { user, system } = process.cpuUsage();
  const stat = fromProc("stat", text);
  // The second field is a name in parentheses, in which anything may stand. The
  // last one that is read is the twenty-second after it.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ", 22);
  return {
    userSeconds: user / 1e6,
    systemSeconds: system / 1e6,
    residentBytes: residentBytes(numberOf(fields?.[21])),
    threads: numberOf(fields?.[17]),
    virtualBytes: numberOf(fields?.[20]),
    openFiles: fromProc("fd", countFiles),
    maxFiles: maxFiles ??= fromProc("limits", text)
      ?.match(/^Max open files +(\d+)/m)?.slice(1).map(Number)[0],
  };
}

/** Reads a number; a sandbox that imitates `/proc` has 0 where it knows none. */
function numberOf(field: string | undefined): number | undefined {
  return Number(field) || undefined;
}

let pageBytes: number | undefined;

/** The resident memory, from its pages once a page's size is known. */
function residentBytes(pages: number | undefined): number | undefined {
  if (pages !== undefined && pageBytes !== undefined) return pages * pageBytes;
  try {
    const bytes = process.memoryUsage.rss();
    // A page is a power of 2. The two readings are not of one moment.
    if (pages !== undefined) {
      pageBytes = 2 ** Math.round(Math.log2(bytes / pages));
    }
    return bytes;
  } catch {
    // No descriptor is left.
  }
}

let maxFiles: number | undefined;

const fs = process.getBuiltinModule("node:fs");

/** The part of Deno that is used here: its `node:fs` takes twice as long. */
interface DenoFiles {
  readTextFileSync(path: string): string;
  statSync(path: string): { readonly size: number };
}

const { Deno } = globalThis as unknown as { Deno?: DenoFiles };

const text = (path: string) =>
  Deno?.readTextFileSync(path) ?? fs.readFileSync(path, "utf8");

function countFiles(path: string): number {
  // Reading the size takes no descriptor: none may be left. It is 0 before Linux
  // 6.2; a listing has the descriptor that it is read by.
  return (Deno ?? fs).statSync(path).size || fs.readdirSync(path).length - 1;
}

/** Paths that this process can never read. */
const unreadable = new Set<string>();

function fromProc<Value>(
  file: string,
  read: (path: string) => Value,
): Value | undefined {
  const path = `/proc/self/${file}`;
  if (unreadable.has(path)) return undefined;
  try {
    // Without asking first Deno would prompt.
    if (isGranted({ name: "read", path })) return read(path);
  } catch (error) {
    const { code } = error as { code?: string };
    // A descriptor may be free next time.
    if (code === "EMFILE" || code === "ENFILE") return undefined;
  }
  unreadable.add(path);
}
