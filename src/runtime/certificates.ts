/** Certificates and keys, in the one form that every runtime takes. */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import type { TlsOptions } from "node:tls";
import { messageOf, quote } from "../base/describe.ts";
import { TlsError } from "../errors.ts";
import type { ClientTls, TlsCredentials, TlsPolicy } from "./types.ts";

/** Credentials of a server or a client. */
export type Credentials = Partial<TlsCredentials> & ClientTls;

/** The options or the files that the parts are from. */
export type CredentialNames = { readonly [Part in keyof Credentials]: string };

/**
 * Parses credentials, and writes them in the one form that all runtimes take: the
 * chain from the server's certificate on, one key, nothing around them.
 *
 * @throws {TlsError} If a part cannot be used, or the key is not that of a
 * certificate; never with their contents.
 */
export function parseCredentials(
  { cert, key, ca, clientCa }: Credentials,
  names: CredentialNames,
): Credentials {
  const authorities = (pem: string, name?: string) =>
    parseCertificates(pem, name).join("");
  return {
    ...cert !== undefined && key !== undefined && parsePair(cert, key, names),
    ...ca !== undefined && { ca: authorities(ca, names.ca) },
    ...clientCa !== undefined &&
      { clientCa: authorities(clientCa, names.clientCa) },
  };
}

function parsePair(
  cert: string,
  key: string,
  names: CredentialNames,
): Credentials {
  const certificates = parseCertificates(cert, names.cert);
  for (const { privateKey, pem } of parseKeys(key, names.key)) {
    const own = certificates.find((each) => each.checkPrivateKey(privateKey));
    if (own) return { cert: chainFrom(own, certificates), key: pem };
  }
  throw unusable(
    `${names.key} must be the private key of ${names.cert}, received another one`,
  );
}

/** Writes a certificate, its issuer, and so on; then those that issued none. */
function chainFrom(
  own: X509Certificate,
  certificates: readonly X509Certificate[],
): string {
  const rest = new Set(certificates);
  let chain = "";
  let next: X509Certificate | undefined = own;
  while (next !== undefined) {
    const last: X509Certificate = next;
    chain += last;
    rest.delete(last);
    next = [...rest].find((each) => last.checkIssued(each));
  }
  return chain + [...rest].join("");
}

function parseCertificates(text: string, name = ""): X509Certificate[] {
  const requirement = `${name} must be certificates in PEM format`;
  // A file that is being replaced may lack its end. The servers would show only
  // part of a chain.
  if (text.replace(BLOCKS, "").includes("-----BEGIN")) {
    throw unusable(`${requirement}, received an incomplete one`);
  }
  const wanted = /^(X509 |TRUSTED )?CERTIFICATE$/;
  return parsePem(text, wanted, requirement).map(({ label, pem }) =>
    parse(() => {
      const certificate = new X509Certificate(pem);
      if (!label.startsWith("TRUSTED")) return certificate;
      // Deno would show the additions behind it, which no client takes.
      const { raw } = certificate;
      return new X509Certificate(raw.subarray(0, 4 + raw.readUInt16BE(2)));
    }, requirement)
  );
}

function parseKeys(
  text: string,
  name = "",
): { privateKey: KeyObject; pem: string }[] {
  const requirement =
    `${name} must be a private key in PEM format, without a passphrase`;
  const blocks = parsePem(text, /\bPRIVATE KEY$/, requirement);
  return blocks.map(({ label, body, pem }) => {
    if (label.startsWith("ENCRYPTED") || body.includes("ENCRYPTED")) {
      throw unusable(`${requirement}, received an encrypted one`);
    }
    return { privateKey: parse(() => createPrivateKey(pem), requirement), pem };
  });
}

const BLOCKS = /-----BEGIN ([^-]*)-----([^]*?)-----END \1-----/g;

/**
 * Finds blocks by their label, and writes them without what only some runtimes
 * take: byte order marks, text in between, other line ends and lengths.
 */
function parsePem(
  text: string,
  wanted: RegExp,
  requirement: string,
): { label: string; body: string; pem: string }[] {
  const blocks = [...text.matchAll(BLOCKS)]
    .map(([, label, body]) => {
      const lines = body.replace(/\s+/g, "").replace(/.{64}(?!$)/g, "$&\n");
      const pem =
        `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
      return { label, body, pem };
    })
    .filter(({ label }) => wanted.test(label));
  if (blocks.length > 0) return blocks;
  throw unusable(`${requirement}, received another text`);
}

/** Splits a text of parsed credentials into its certificates. */
export function splitCertificates(pem: string): string[] {
  return pem.match(BLOCKS)!;
}

function parse<T>(parser: () => T, requirement: string): T {
  try {
    return parser();
  } catch (cause) {
    throw unusable(
      `${requirement}, received one that cannot be parsed: ${reasonOf(cause)}`,
      { cause },
    );
  }
}

/** Makes the error for a certificate that the TLS library cannot show. */
export function cannotShow(name: string | undefined, cause: unknown): TlsError {
  const problem = `the TLS library cannot show ${name}: ${reasonOf(cause)}`;
  return unusable(problem, { cause });
}

/** A library's reason, on one line; OpenSSL's messages have addresses in them. */
function reasonOf(error: unknown): string {
  const { reason = messageOf(error) } = error as { reason?: string };
  return quote(reason.trim().replaceAll(/\s+/g, " "));
}

/** Makes the error for credentials that cannot be used. */
export function unusable(problem: string, options?: ErrorOptions): TlsError {
  return new TlsError(`Cannot use TLS credentials: ${problem}`, options);
}

/** Makes options for the servers of Node and Bun; a `clientCa` is enforced. */
export function serverTls(
  { cert, key, clientCa }: TlsCredentials,
  policy: Pick<TlsPolicy, "minVersion"> | undefined,
): TlsOptions {
  const isMutual = clientCa !== undefined;
  return {
    cert,
    key,
    minVersion: policy?.minVersion,
    ...isMutual && { ca: clientCa },
    requestCert: isMutual,
    rejectUnauthorized: isMutual,
  };
}
