/** Requests by `curl`, a client that no runtime has a part in. */
import { execFile, execFileSync } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** More than any answer has. */
const MAX_BYTES = 2 ** 26;

/** Longer requests hang; 20 MB over TLS take a while on a busy machine. */
const MAX_SECONDS = "100";

/** The outcome of a request by `curl`. */
export interface CurlResult {
  /** The exit code of `curl`; 0 is success. */
  exitCode: number;
  /** The status; 0 without an answer. */
  status: number;
  body: string;
}

const COMMON = ["--silent", "--max-time", MAX_SECONDS];

/** Makes a request. */
export async function curl(...args: string[]): Promise<CurlResult> {
  const { stdout, exitCode } = await run("curl", [
    ...COMMON,
    ...["--write-out", "\n%{http_code}"],
    ...args,
  ], { maxBuffer: MAX_BYTES }).then(
    ({ stdout }) => ({ stdout, exitCode: 0 }),
    ({ stdout, code }) => ({ stdout, exitCode: code }),
  );
  const end = stdout.lastIndexOf("\n");
  return {
    exitCode,
    status: Number(stdout.slice(end + 1)),
    body: stdout.slice(0, end),
  };
}

/**
 * Makes a request that blocks this thread; yields the body.
 *
 * @throws {Error} Without an answer, or of a status that tells of an error.
 */
export function curlSync(...args: string[]): string {
  return execFileSync("curl", [...COMMON, "--fail", ...args], {
    encoding: "utf8",
    maxBuffer: MAX_BYTES,
  });
}
