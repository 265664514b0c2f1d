/** Gaps of some systems: the reasons to skip the tests that need them. */
import process from "node:process";

/** The reason to skip a test that needs unix sockets, if there is one. */
export const withoutUnixSockets: string | undefined =
  process.platform === "win32"
    ? "Windows: it has named pipes in place of unix sockets"
    : undefined;
