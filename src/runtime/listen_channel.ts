import { channel } from "node:diagnostics_channel";

/**
 * Calls a function with each port that this thread is about to listen on by
 * `node:net`, before it does; only Node tells.
 */
export function onListen(listener: (port: number) => void): void {
  channel("tracing:net.server.listen:asyncStart").subscribe((message) => {
    const { options } = message as { options?: { port?: unknown } };
    const port = Number(options?.port);
    if (port > 0) listener(port);
  });
}
