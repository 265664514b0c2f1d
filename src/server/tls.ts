import {
  isPlainObject,
  MAX_TIMER_MS,
  requireCredentialPath,
  requireNumber,
  requireSecretText,
} from "../require.ts";
import { checkCredentials, readCredential } from "../runtime/credentials.ts";
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

/** Where a server's credentials come from. */
export interface TlsSource {
  /** For how many milliseconds they are good; they change only where there is one. */
  readonly reloadInterval?: number;
  /**
   * Reads them.
   *
   * @throws {TlsError} If they cannot be used.
   */
  read(): Promise<TlsCredentials>;
}

const RELOAD_INTERVAL_MS = 10_000;

/**
 * Copies the options for TLS, and refuses what they cannot be; the credentials
 * themselves are not read yet.
 */
export function readTlsOptions(options: TlsOptions): TlsOptions {
  return isFiles(options) ? readFileOptions(options) : readPemOptions(options);
}

/** Makes what reads the credentials of options that were copied. */
export function tlsSource(options: TlsOptions): TlsSource {
  return isFiles(options) ? fromFiles(options) : fromTexts(options);
}

/** Whether clients are asked for a certificate. */
export function asksForCertificate(options: TlsOptions): boolean {
  const ca = isFiles(options) ? options.clientCaFile : options.clientCa;
  return ca !== undefined;
}

function isFiles(options: TlsOptions): options is TlsFileOptions {
  return isPlainObject(options) &&
    ("certFile" in options || "keyFile" in options);
}

function readPemOptions(options: TlsPemOptions): TlsPemOptions {
  requireProtection("tls", options, ["cert", "key", "clientCa"]);
  const { cert, key, clientCa } = options;
  requireTexts({ cert, key, ...clientCa !== undefined && { clientCa } });
  return { cert, key, clientCa };
}

function readFileOptions(options: TlsFileOptions): TlsFileOptions {
  requireProtection("tls", options, [
    "certFile",
    "keyFile",
    "clientCaFile",
    "reloadInterval",
  ]);
  const {
    certFile,
    keyFile,
    clientCaFile,
    reloadInterval = RELOAD_INTERVAL_MS,
  } = options;
  requireTexts({
    certFile,
    keyFile,
    ...clientCaFile !== undefined && { clientCaFile },
  });
  for (const [name, file] of Object.entries({ certFile, keyFile })) {
    requireCredentialPath(ACTION, `tls.${name}`, file);
  }
  requireNumber(
    ACTION,
    { "tls.reloadInterval": reloadInterval },
    100,
    MAX_TIMER_MS,
  );
  return { certFile, keyFile, clientCaFile, reloadInterval };
}

function fromTexts({ cert, key, clientCa }: TlsPemOptions): TlsSource {
  const credentials = { cert, key, clientCa };
  const names = {
    cert: "tls.cert",
    key: "tls.key",
    clientCa: "tls.clientCa",
  };
  return {
    // Async, so that what is thrown becomes a rejection.
    // deno-lint-ignore require-await
    async read() {
      checkCredentials(credentials, names);
      return credentials;
    },
  };
}

function fromFiles(
  { certFile, keyFile, clientCaFile, reloadInterval }: TlsFileOptions,
): TlsSource {
  const files = { cert: certFile, key: keyFile, clientCa: clientCaFile };
  return {
    reloadInterval,
    async read() {
      const [cert, key, clientCa] = await Promise.all([
        readCredential(certFile),
        readCredential(keyFile),
        clientCaFile === undefined ? undefined : readCredential(clientCaFile),
      ]);
      const credentials = { cert, key, clientCa };
      checkCredentials(credentials, files);
      return credentials;
    },
  };
}

function requireTexts(options: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(options)) {
    requireSecretText(ACTION, `tls.${name}`, value);
  }
}
