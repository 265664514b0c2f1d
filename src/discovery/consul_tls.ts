import {
  requireCredentialPath,
  requireObject,
  requireSecretText,
} from "../require.ts";
import { readCredentials } from "../runtime/credentials.ts";
import type { ClientTls } from "../runtime/types.ts";

/**
 * How TLS is spoken with a Consul agent: each of the three as a text or as a file,
 * in PEM format. Files are read again before every request, so that certificates
 * may be renewed.
 *
 * @example An agent that asks for a certificate
 * ```ts
 * import { ConsulAgent, type ConsulTlsOptions } from "@prometheus-async/prometheus-async";
 *
 * const tls: ConsulTlsOptions = {
 *   caFile: "/etc/consul/ca.pem",
 *   certFile: "/etc/consul/client.pem",
 *   keyFile: "/etc/consul/client.key",
 * };
 * const address = "https://consul.example:8501";
 * const agent = new ConsulAgent({ address, token: "", tls });
 * if (typeof agent.register !== "function") throw new Error("never");
 * ```
 */
export interface ConsulTlsOptions {
  /**
   * The root certificates of those who may have issued the agent's.
   *
   * @default {undefined} Those that the system trusts; on Deno those are trusted
   * in any case.
   */
  ca?: string;
  /** The file of that. */
  caFile?: string;
  /**
   * The certificate to show to the agent, followed by those between it and its
   * root.
   *
   * @default {undefined} None.
   */
  cert?: string;
  /** The file of that. */
  certFile?: string;
  /** The private key of that certificate, without a passphrase. */
  key?: string;
  /** The file of that. */
  keyFile?: string;
}

/** The options, copied. */
export type ConsulTlsSettings = Readonly<ConsulTlsOptions>;

const PARTS = ["ca", "cert", "key"] as const;

/** Copies the options, and refuses what they cannot be; no file is read yet. */
export function readTls(
  action: string,
  given: ConsulTlsOptions,
): ConsulTlsSettings {
  const names = PARTS.flatMap((part) => [part, `${part}File`]);
  requireObject(action, "tls", given, names);
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    requireSecretText(action, `tls.${name}`, value);
  }
  for (const part of PARTS) {
    const file = given[`${part}File`];
    if (given[part] !== undefined && file !== undefined) {
      throw new TypeError(
        `Cannot ${action}: tls must have either ${part} or ${part}File, ` +
          "received both",
      );
    }
    if (file !== undefined) {
      requireCredentialPath(action, `tls.${part}File`, file);
    }
  }
  const { ca, caFile, cert, certFile, key, keyFile } = given;
  const hasCert = (cert ?? certFile) !== undefined;
  if (hasCert !== ((key ?? keyFile) !== undefined)) {
    throw new TypeError(
      `Cannot ${action}: tls must have a certificate together with its key, ` +
        `received ${hasCert ? "the certificate" : "the key"} alone`,
    );
  }
  return { ca, caFile, cert, certFile, key, keyFile };
}

/**
 * Reads the credentials.
 *
 * @throws {TlsError} If they cannot be used.
 */
export function readClientTls(settings: ConsulTlsSettings): Promise<ClientTls> {
  return readCredentials(PARTS, settings);
}
