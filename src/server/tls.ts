import {
  defined,
  isPlainObject,
  MAX_TIMER_MS,
  requireCredentialPath,
  requireNumber,
  requireSecretText,
} from "../require.ts";
import { readCredentials } from "../runtime/credentials.ts";
import type { TlsCredentials } from "../runtime/types.ts";
import { ACTION, requireProtection } from "./refuse.ts";

/**
 * Credentials for TLS as texts; they stay as they are.
 *
 * @example Certificates from the environment
 * ```ts
 * import type { StartHttpServerOptions, TlsPemOptions } from "@prometheus-async/prometheus-async";
 * import process from "node:process";
 *
 * const { TLS_CERT: cert, TLS_KEY: key } = process.env;
 * const tls: TlsPemOptions | undefined = cert && key ? { cert, key } : undefined;
 * const options: StartHttpServerOptions = { port: 9000, tls };
 * if (options.port !== 9000) throw new Error("never");
 * ```
 */
export interface TlsPemOptions {
  /** The server's certificate, followed by those between it and its root. */
  cert: string;
  /** The private key of the certificate, without a passphrase. */
  key: string;
  /**
   * The root certificates of those who issue clients' certificates: a client
   * without such a certificate gets no connection (mutual TLS).
   *
   * @default {undefined} Clients are asked for no certificate.
   */
  clientCa?: string;
}

/**
 * Credentials for TLS in files, which are read again from time to time: a
 * certificate that is renewed is shown to those who connect from then on.
 *
 * @example Certificates that are renewed
 * ```ts
 * import { startHttpServer, TlsError, type TlsFileOptions } from "@prometheus-async/prometheus-async";
 *
 * const tls: TlsFileOptions = {
 *   certFile: "/etc/app/no/such/server.pem",
 *   keyFile: "/etc/app/no/such/server.key",
 *   reloadInterval: 60_000,
 * };
 * const error = await startHttpServer({ addr: "127.0.0.1", tls })
 *   .catch((error) => error);
 * if (!(error instanceof TlsError)) throw error;
 * ```
 */
export interface TlsFileOptions {
  /** The file of what {@linkcode TlsPemOptions.cert} is. */
  certFile: string;
  /** The file of what {@linkcode TlsPemOptions.key} is. */
  keyFile: string;
  /** The file of what {@linkcode TlsPemOptions.clientCa} is. */
  clientCaFile?: string;
  /**
   * The time between two looks at the files, in milliseconds, from 100 on.
   *
   * @default {10000}
   */
  reloadInterval?: number;
}

/**
 * How a metrics server speaks TLS: 1.2 and 1.3. All of it is in PEM format.
 *
 * @example Files where there are any
 * ```ts
 * import type { TlsOptions } from "@prometheus-async/prometheus-async";
 * import { existsSync } from "node:fs";
 *
 * const folder = "/etc/app/no/such/folder";
 * const tls: TlsOptions | undefined = existsSync(folder)
 *   ? { certFile: `${folder}/server.pem`, keyFile: `${folder}/server.key` }
 *   : undefined;
 * if (tls !== undefined) throw new Error("never");
 * ```
 */
export type TlsOptions = TlsPemOptions | TlsFileOptions;

const RELOAD_INTERVAL_MS = 10_000;

const PARTS = ["cert", "key", "clientCa"] as const;

const FILES = ["certFile", "keyFile", "clientCaFile", "reloadInterval"];

/** Options of either kind, as they are used. */
export type TlsSettings = Readonly<Partial<TlsPemOptions & TlsFileOptions>>;

/**
 * Copies the options for TLS, and refuses what they cannot be; the credentials
 * themselves are not read yet.
 */
export function readTlsOptions(options: TlsOptions): TlsSettings {
  const isFiles = isPlainObject(options) &&
    ("certFile" in options || "keyFile" in options);
  requireProtection("tls", options, isFiles ? FILES : PARTS);
  if (!isFiles) {
    const { cert, key, clientCa } = options as TlsPemOptions;
    requireSecretTexts({ cert, key, ...defined({ clientCa }) });
    return { cert, key, clientCa };
  }
  const { certFile, keyFile, clientCaFile } = options as TlsFileOptions;
  const { reloadInterval = RELOAD_INTERVAL_MS } = options as TlsFileOptions;
  requireSecretTexts({ certFile, keyFile, ...defined({ clientCaFile }) });
  for (const [name, file] of Object.entries({ certFile, keyFile })) {
    requireCredentialPath(ACTION, `tls.${name}`, file);
  }
  const interval = { "tls.reloadInterval": reloadInterval };
  requireNumber(ACTION, interval, 100, MAX_TIMER_MS);
  return { certFile, keyFile, clientCaFile, reloadInterval };
}

/**
 * Reads the credentials of options that were copied.
 *
 * @throws {TlsError} If they cannot be used.
 */
export async function readTls(settings: TlsSettings): Promise<TlsCredentials> {
  const credentials = await readCredentials(PARTS, settings);
  // A server has both of a certificate and its key.
  return credentials as TlsCredentials;
}

function requireSecretTexts(options: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(options)) {
    requireSecretText(ACTION, `tls.${name}`, value);
  }
}
