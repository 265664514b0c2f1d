import { readFile } from "node:fs/promises";

/** Reads a file of text. */
export function readTextFile(path: string): Promise<string> {
  return readFile(path, "utf8");
}
