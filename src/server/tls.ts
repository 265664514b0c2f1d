import { type Given, refusal, requireDefined } from "../base/checks.ts";
import { isRecord } from "../base/describe.ts";
import * as rule from "../base/rules.ts";
import { loadCredentials } from "../runtime/credentials.ts";
import type { TlsCredentials, TlsPolicy } from "../runtime/types.ts";
import { MAX_TIMER_MS } from "../runtime/wait.ts";

/**
 * How a metrics server speaks TLS: by credentials in PEM format, as
 * texts or in files. Files are loaded again from time to time: those who connect
 * after a certificate was renewed see the new one.
 *
 * - `cert`, `certFile`: the server's certificate, with those between it and its
 *   root, in any order.
 * - `key`, `keyFile`: the private key of the certificate, without a passphrase; it
 *   may stand in one text or file with the certificates.
 * - `clientCa`, `clientCaFile`: the root certificates of those who issue clients'
 *   certificates. A client without such a certificate gets no connection (mutual
 *   TLS). By default clients are asked for none.
 * - `clientNames`: with these, a client's certificate must have at least one of them
 *   among its subject alternative names, spelled as there: a host, an address, a URI
 *   such as a SPIFFE id, or a mail address. Not on Bun, whose servers show no
 *   certificates of clients.
 * - `minVersion`: the oldest version that is spoken. Default: `"TLSv1.2"`.
 * - `reloadInterval`: the time between two looks at the files, in milliseconds, from
 *   100 on. Default: 10 000.
 */
export type TlsOptions =
  & {
    clientNames?: readonly string[];
    minVersion?: "TLSv1.2" | "TLSv1.3";
  }
  & (
    | { cert: string; key: string; clientCa?: string }
    | {
      certFile: string;
      keyFile: string;
      clientCaFile?: string;
      reloadInterval?: number;
    }
  );

const VERSIONS: readonly unknown[] = ["TLSv1.2", "TLSv1.3"];

const POLICY = {
  clientNames: rule.parsed(parseNames),
  minVersion: rule.parsed(parseVersion, "TLSv1.2"),
};

const TEXTS = rule.table({
  ...POLICY,
  cert: rule.required(rule.secret()),
  key: rule.required(rule.secret()),
  clientCa: rule.secret(),
});

const FILES = rule.table({
  ...POLICY,
  certFile: rule.required(rule.credentialFile()),
  keyFile: rule.required(rule.credentialFile()),
  clientCaFile: rule.credentialFile(),
  reloadInterval: rule.number(100, MAX_TIMER_MS, 10_000),
});

const PARTS = ["cert", "key", "clientCa"] as const;

type Part = typeof PARTS[number];

/** Options of either kind, as they are used. */
export interface TlsSettings
  extends Readonly<Partial<Record<Part | `${Part}File`, string>>>, TlsPolicy {
  readonly reloadInterval?: number;
}

/** Parses the options for TLS; the files are not loaded yet. */
export function parseTls(given: Given): TlsSettings {
  const { value } = given;
  const isFiles = isRecord(value) &&
    ("certFile" in value || "keyFile" in value);
  const settings = (isFiles ? FILES : TEXTS).parse(given);
  requireDefined(given);
  const { clientCa, clientCaFile }: TlsSettings = settings;
  if (settings.clientNames && (clientCa ?? clientCaFile) === undefined) {
    const requirement = "must have clientCa or clientCaFile with clientNames";
    throw refusal(TypeError, given, requirement, "neither");
  }
  return settings;
}

function parseNames(given: Given): readonly string[] {
  const { value } = given;
  const isName = (name: unknown) => typeof name === "string" && name !== "";
  if (Array.isArray(value) && value.length > 0 && value.every(isName)) {
    return [...value];
  }
  throw refusal(TypeError, given, "must be an array of names");
}

function parseVersion(given: Given): TlsPolicy["minVersion"] {
  if (VERSIONS.includes(given.value)) return given.value as "TLSv1.3";
  throw refusal(RangeError, given, `must be ${VERSIONS.join(" or ")}`);
}

/**
 * Loads the credentials; rejects with a `TlsError` if they cannot be used.
 *
 * @param current Those in use, which are returned if nothing has changed.
 */
export async function loadTls(
  settings: TlsSettings,
  current?: TlsCredentials,
): Promise<TlsCredentials> {
  // The rules require a certificate and its key.
  return await loadCredentials(PARTS, settings, current) as TlsCredentials;
}
