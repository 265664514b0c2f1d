/** Tells whether processes run. On all runtimes. */
import process from "node:process";

/** Whether a process runs, whosever it is. */
export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as { code?: string }).code === "EPERM";
  }
}
