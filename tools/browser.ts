/** Finds the browser that the browser test runs. Runs on all runtimes. */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";

const NAMES = ["chromium-headless-shell", "chromium", "google-chrome"];

/** The path of a Chromium: that of `CHROMIUM`, or the first in the `PATH`. */
export function findBrowser(): string | undefined {
  const { CHROMIUM, PATH = "" } = process.env;
  if (CHROMIUM !== undefined) return CHROMIUM;
  return NAMES
    .flatMap((name) => PATH.split(delimiter).map((path) => join(path, name)))
    .find((path) => existsSync(path));
}

/** The reason to skip a test that needs a browser, if there is none. */
export function browserMissing(): string | undefined {
  if (findBrowser() !== undefined) return undefined;
  const reason = `none of ${NAMES.join(", ")} in the PATH, no CHROMIUM set`;
  if (process.env.CI && process.platform === "linux") {
    throw new Error(`Cannot run the browser test: ${reason}`);
  }
  return reason;
}
