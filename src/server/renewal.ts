import type { Report } from "../base/report.ts";
import { repeat } from "../runtime/wait.ts";

/**
 * Looks at files again and again. Files that cannot be used, as while they are
 * replaced, are reported, and looked at again later.
 *
 * @param ms The time between two looks, in milliseconds.
 * @param look Takes what has changed; nothing once `isOver()`.
 * @returns Ends that.
 */
export function renewInBackground(
  ms: number,
  look: (isOver: () => boolean) => Promise<void>,
  report: Report,
): () => void {
  let isBusy = false;
  let isOver = false;
  let failure: string | undefined;
  const end = repeat(ms, async () => {
    if (isBusy) return;
    isBusy = true;
    try {
      await look(() => isOver);
      failure = undefined;
    } catch (error) {
      const { message } = error as Error;
      // Otherwise every look would report the same failure.
      if (message !== failure && !isOver) report(error);
      failure = message;
    } finally {
      isBusy = false;
    }
  });
  return () => {
    isOver = true;
    end();
  };
}
