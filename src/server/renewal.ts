import { inBackground } from "../runtime/background.ts";
import type { Listener, TlsCredentials } from "../runtime/types.ts";
import { readTls, type TlsSettings } from "./tls.ts";

/**
 * Keeps a listener's credentials as they are in their files. What cannot be
 * used, as while files are being replaced, changes nothing; it is reported, and
 * tried again.
 *
 * @returns Ends that.
 */
export function renewInBackground(
  tls: TlsSettings,
  credentials: TlsCredentials,
  listener: Listener,
  report: (error: unknown) => void,
): () => void {
  if (tls.reloadInterval === undefined) return () => {};
  let shown = JSON.stringify(credentials);
  let isBusy = false;
  let isOver = false;
  let failure: string | undefined;
  const end = inBackground(tls.reloadInterval, async () => {
    if (isBusy) return;
    isBusy = true;
    try {
      const read = await readTls(tls);
      const found = JSON.stringify(read);
      if (isOver) return;
      if (found !== shown) await listener.renew!(read);
      shown = found;
      failure = undefined;
    } catch (error) {
      const { message } = error as Error;
      // The same one would be reported with every look.
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
