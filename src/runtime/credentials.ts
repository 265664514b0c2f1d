import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { TlsError } from "../errors.ts";
import type { ClientTls, TlsCredentials } from "./types.ts";

/** Credentials of a server or of a client. */
type Credentials = Partial<TlsCredentials> & ClientTls;

/** The parts of credentials, as texts or as files. */
type CredentialOptions = Readonly<
  Partial<Record<keyof Credentials | `${keyof Credentials}File`, string>>
>;

/**
 * Reads parts of credentials from the files that options name, or takes them as
 * the options have them, and checks them.
 *
 * @throws {TlsError} If a file cannot be read, or the credentials cannot be used.
 */
export async function readCredentials(
  parts: readonly (keyof Credentials)[],
  options: CredentialOptions,
): Promise<Credentials> {
  const read = await Promise.all(parts.map(async (part) => {
    const file = options[`${part}File`];
    return [part, file === undefined ? options[part] : await readPem(file)];
  }));
  const credentials: Credentials = Object.fromEntries(read);
  const names = parts.map((part) => [
    part,
    options[`${part}File`] ?? `tls.${part}`,
  ]);
  checkCredentials(credentials, Object.fromEntries(names));
  return credentials;
}

async function readPem(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    const { code, message } = cause as { code?: string; message: string };
    throw new TlsError(
      `Cannot use TLS credentials: file ${JSON.stringify(file)} must be ` +
        `readable, received ${code ?? message}`,
      { cause },
    );
  }
}

/**
 * Checks credentials before a server or a client has them, since each runtime
 * says in its own way what is wrong with them, or nothing.
 *
 * @param names The options or the files that they are from.
 * @throws {TlsError} If one is not what it must be, or the key is not that of
 * the certificate; never with their contents.
 */
export function checkCredentials(
  { cert, key, ca, clientCa }: Credentials,
  names: { readonly [Part in keyof Credentials]: string },
): void {
  if (cert !== undefined && key !== undefined) {
    const [certificate] = parseCertificates(cert, names.cert);
    const privateKey: KeyObject = parse(
      () => createPrivateKey(key),
      `${names.key} must be a private key in PEM format, without a passphrase`,
    );
    if (!certificate.checkPrivateKey(privateKey)) {
      throw new TlsError(
        `Cannot use TLS credentials: ${names.key} must be the private key of ` +
          `${names.cert}, received another one`,
      );
    }
  }
  if (clientCa !== undefined) parseCertificates(clientCa, names.clientCa);
  if (ca !== undefined) parseCertificates(ca, names.ca);
}

/** Reads all certificates in a text; there must be one, and none cut off. */
function parseCertificates(pem: string, name = ""): X509Certificate[] {
  const requirement = `${name} must be certificates in PEM format`;
  // A file that is read while it is replaced may lack its end. Deno's parser
  // takes a certificate without one, which its server then cannot show: every
  // handshake would fail. The servers would show only part of a chain.
  if (pem.replace(BLOCKS, "").includes("-----BEGIN")) {
    throw new TlsError(
      `Cannot use TLS credentials: ${requirement}, received an incomplete one`,
    );
  }
  return splitCertificates(pem).map((certificate) =>
    parse(() => new X509Certificate(certificate), requirement)
  );
}

/** Complete PEM blocks: certificates and keys. */
const BLOCKS = /-----BEGIN ([^-]*)-----[^]*?-----END \1-----/g;

/** Splits a text into the certificates that are in it; at least into itself. */
export function splitCertificates(pem: string): string[] {
  return pem.match(CERTIFICATES) ?? [pem];
}

const CERTIFICATES =
  /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g;

function parse<T>(read: () => T, requirement: string): T {
  try {
    return read();
  } catch (cause) {
    throw new TlsError(
      `Cannot use TLS credentials: ${requirement}, received another text`,
      { cause },
    );
  }
}
