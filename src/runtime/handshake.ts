import { X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import { duplexPair } from "node:stream";
import { connect, createSecureContext, TLSSocket } from "node:tls";
import { loadRuntime, runtimeName } from "./detect.ts";
import type { TlsCredentials } from "./types.ts";
import { waitFor } from "./wait.ts";

/** The longest that a handshake in memory may take, in milliseconds. */
const HANDSHAKE_MS = 2000;

/**
 * Shows a certificate in a handshake in memory, without a port or a permission.
 * The libraries take pairs that they cannot show: every client would be cut off.
 *
 * @throws The library's reason why no handshake works.
 */
export async function tryPair(
  pair: Pick<TlsCredentials, "cert" | "key">,
): Promise<void> {
  const secureContext = createSecureContext({ ...pair });
  if (runtimeName() === "bun" && !isRsa(pair.cert)) return;
  const [near, far] = duplexPair();
  const server = new TLSSocket(near as Socket, {
    isServer: true,
    secureContext,
  });
  const client = connect({
    socket: far as Socket,
    // Whether a client would trust it is not the question.
    rejectUnauthorized: false,
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.on("error", reject);
  client.on("error", reject);
  client.once("secureConnect", resolve);
  try {
    // If this thread was blocked for so long, nothing is known.
    if (await waitFor(promise, { ms: HANDSHAKE_MS })) await promise;
  } catch (error) {
    await explainOnDeno(pair);
    throw error;
  } finally {
    client.destroy();
    server.destroy();
  }
}

/**
 * Whether a certificate's key is one of RSA. Bun's library itself refuses all
 * others that it cannot show, and Bun's client takes no Ed25519 before 1.4.4.
 */
function isRsa(cert: string): boolean {
  const { publicKey } = new X509Certificate(cert);
  return publicKey.asymmetricKeyType === "rsa";
}

/** Throws the reason of Deno's library, which its servers keep for themselves. */
async function explainOnDeno(pair: TlsCredentials): Promise<void> {
  const { name, fetchClient } = await loadRuntime();
  if (name !== "Deno") return;
  try {
    await (await fetchClient({ tls: pair })).close();
  } catch (error) {
    const { cause } = error as Error;
    throw cause ?? new Error("Deno gives its reason from 2.9.6 on");
  }
}
