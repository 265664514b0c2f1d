/** Certificates for the tests, made by `openssl`. */
import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A certificate and its key, as texts and as files. */
export interface Certificate {
  cert: string;
  key: string;
  certFile: string;
  keyFile: string;
}

const LOOPBACK = "subjectAltName=IP:127.0.0.1,IP:::1,DNS:localhost\n" +
  "extendedKeyUsage=serverAuth\n";

/** The next number of a certificate. */
let issued = 1;

/** An authority that issues certificates. */
export class Authority {
  readonly #folder: string;
  readonly #own: Certificate;

  constructor(folder: string, own: Certificate) {
    this.#folder = folder;
    this.#own = own;
  }

  /** The authority's own certificate. */
  get cert(): string {
    return this.#own.cert;
  }

  /** The file of that. */
  get certFile(): string {
    return this.#own.certFile;
  }

  /** Makes an authority; its files are removed when the process ends. */
  static async create(): Promise<Authority> {
    const folder = await mkdtemp(join(tmpdir(), "certificates-"));
    process.once(
      "exit",
      () => rmSync(folder, { recursive: true, force: true }),
    );
    const [certFile, keyFile] = files(folder, "authority");
    await openssl(
      ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes".split(
        " ",
      ),
      ...["-subj", "/CN=Test authority", "-days", "2"],
      ...["-addext", "keyUsage=critical,keyCertSign"],
      ...["-keyout", keyFile, "-out", certFile],
    );
    return new Authority(folder, await read(certFile, keyFile));
  }

  /** Makes a certificate for a server that has issued it itself. */
  async selfSigned(...args: readonly string[]): Promise<Certificate> {
    const [certFile, keyFile] = files(this.#folder, `own-${issued++}`);
    await openssl(
      ...["req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=localhost"],
      ...["-keyout", keyFile, "-out", certFile, ...args],
    );
    return await read(certFile, keyFile);
  }

  /** Makes one as by old instructions: without extensions, of version 1. */
  async withoutExtensions(days: number): Promise<Certificate> {
    const [certFile, keyFile] = files(this.#folder, `old-${issued++}`);
    await openssl(
      ..."req -newkey rsa:2048 -nodes -subj /CN=localhost".split(" "),
      ...["-keyout", keyFile, "-out", `${certFile}.csr`],
    );
    await openssl(
      ...["x509", "-req", "-in", `${certFile}.csr`, "-signkey", keyFile],
      ...["-days", String(days), "-out", certFile],
    );
    return await read(certFile, keyFile);
  }

  /** Issues a certificate for a server on loopback. */
  server(): Promise<Certificate> {
    return this.#issue("serverAuth", LOOPBACK);
  }

  /** Issues a certificate for a client, with further extensions. */
  client(extensions = ""): Promise<Certificate> {
    const usage = "extendedKeyUsage=clientAuth\n";
    return this.#issue("clientAuth", usage + extensions);
  }

  /** Issues a certificate for another authority. */
  async authority(): Promise<Authority> {
    const extensions = "basicConstraints=critical,CA:TRUE\n" +
      "keyUsage=critical,keyCertSign\n";
    const own = await this.#issue("authority", extensions);
    return new Authority(this.#folder, own);
  }

  async #issue(kind: string, extensions: string): Promise<Certificate> {
    // Numbers from a file would be shared by those that are issued at once.
    const serial = issued++;
    const name = `${kind}-${serial}`;
    const [certFile, keyFile] = files(this.#folder, name);
    const [requestFile, extensionsFile] = [
      `${certFile}.csr`,
      `${certFile}.ext`,
    ];
    await openssl(
      ..."req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes".split(" "),
      ...["-subj", `/CN=${name}`, "-keyout", keyFile, "-out", requestFile],
    );
    await writeFile(extensionsFile, extensions);
    await openssl(
      ...["x509", "-req", "-days", "2", "-set_serial", String(serial)],
      ...["-CA", this.#own.certFile, "-CAkey", this.#own.keyFile],
      ...["-in", requestFile, "-out", certFile, "-extfile", extensionsFile],
    );
    return await read(certFile, keyFile);
  }
}

/** Adds to a certificate that its system trusts it, by a header of OpenSSL's. */
export async function trust({ certFile }: Certificate): Promise<string> {
  const { stdout } = await run("openssl", [
    ...["x509", "-in", certFile, "-trustout", "-addtrust", "serverAuth"],
  ]);
  return stdout;
}

/** Encrypts the key of a certificate, as servers cannot read it. */
export async function encryptKey(
  { keyFile }: Certificate,
  passphrase: string,
): Promise<string> {
  const { stdout } = await run("openssl", [
    ...["pkcs8", "-topk8", "-in", keyFile],
    ...["-v2", "aes256", "-passout", `pass:${passphrase}`],
  ]);
  return stdout;
}

function files(folder: string, name: string): [cert: string, key: string] {
  return [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
}

async function read(certFile: string, keyFile: string): Promise<Certificate> {
  return {
    cert: await readFile(certFile, "utf8"),
    key: await readFile(keyFile, "utf8"),
    certFile,
    keyFile,
  };
}

async function openssl(...args: string[]): Promise<void> {
  await run("openssl", args);
}
