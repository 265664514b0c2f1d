import { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { splitCertificates } from "./credentials.ts";

/**
 * Whether a connection resumes a TLS session in which the client has shown no
 * certificate that one of these authorities has issued itself.
 *
 * Servers of Deno's `node:https` with one certificate share their sessions: a
 * client could bring one from a server that asks for no certificate, or trusts
 * others. What is resumed is therefore looked at once more (RFC 8446, 4.2.11
 * leaves it to the server).
 *
 * @param clientCa Their certificates, in PEM format.
 */
export function isForeignSession(
  socket: TLSSocket,
  clientCa: string,
): boolean {
  if (!socket.isSessionReused()) return false;
  if (!socket.authorized) return true;
  try {
    const certificate = new X509Certificate(socket.getPeerCertificate().raw);
    const now = Date.now();
    return now < Date.parse(certificate.validFrom) ||
      now > Date.parse(certificate.validTo) ||
      !splitCertificates(clientCa)
        .map((authority) => new X509Certificate(authority))
        .some((authority) =>
          certificate.checkIssued(authority) &&
          certificate.verify(authority.publicKey)
        );
  } catch {
    // Without a certificate, or with one that cannot be read.
    return true;
  }
}
