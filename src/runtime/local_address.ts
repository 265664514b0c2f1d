import { connect } from "node:net";

/**
 * Finds out from which of this machine's addresses a server is reached: it can
 * reach that one, too, unless something translates addresses in between.
 *
 * @throws What the runtime throws if the server cannot be reached.
 */
export async function localAddressTo(
  { hostname, port }: { readonly hostname: string; readonly port: number },
  signal: AbortSignal,
): Promise<string> {
  const socket = connect(port, hostname);
  const abort = () => void socket.destroy(signal.reason);
  signal.addEventListener("abort", abort);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve).once("error", reject);
      if (signal.aborted) abort();
    });
    // IPv4 by a socket of IPv6 (RFC 4291, 2.5.5.2).
    return socket.localAddress!.replace(/^::ffff:(?=[\d.]+$)/, "");
  } finally {
    signal.removeEventListener("abort", abort);
    socket.destroy();
  }
}
