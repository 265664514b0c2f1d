import { startHttpServer, TlsError } from "../../src/server/mod.ts";
import {
  parseCredentials,
  splitCertificates,
} from "../../src/runtime/certificates.ts";
import { type RuntimeName, runtimeName } from "../../src/runtime/detect.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { execFile } from "node:child_process";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import {
  Authority,
  type Certificate,
  encryptKey,
  trust,
} from "../_certificates.ts";
import { withFolder } from "../_folder.ts";
import { DEADLINE_MS, test } from "../_suite.ts";
import { waitUntil } from "../_wait.ts";
import { contract, withServer } from "./_servers.ts";

const authority = await Authority.create();
const plain = await authority.server();
const other = await authority.server();
const third = await authority.server();

/** A pair, and the runtimes' reasons not to show it; without one, it is shown. */
interface Case extends Pick<Certificate, "cert" | "key"> {
  readonly refusals?: Partial<Record<RuntimeName | "all", RegExp>>;
}

/** Makes a pair with a key of a kind. */
function keyOf(kind: string, ...options: string[]): Promise<Certificate> {
  const asOptions = options.flatMap((option) => ["-pkeyopt", option]);
  return authority.selfSigned("-newkey", kind, ...asOptions);
}

function curve(name: string, ...options: string[]): Promise<Certificate> {
  return keyOf("ec", `ec_paramgen_curve:${name}`, ...options);
}

/** The words of the runtimes' libraries for keys that they cannot use. */
const RUSTLS = /^2\.9\.[0-5]$/.test(process.versions.deno ?? "")
  ? /"Deno gives its reason from 2\.9\.6 on"$/
  : /cannot show .*: ".*(failed to parse private key as RSA, ECDSA|UnsupportedCriticalExtension)/;
const BORINGSSL = /"UNSUPPORTED_ALGORITHM"$/;
const OPENSSL = /cannot show .*: "no suitable signature algorithm"$/;

const cases: Record<string, Case> = {
  "an ECDSA key": plain,
  "an RSA key": await keyOf("rsa:2048"),
  "an Ed25519 key": await keyOf("ed25519"),
  "a P-384 key": await curve("P-384"),
  "a P-521 key": await curve("P-521"),
  "a P-224 key": {
    ...await curve("P-224"),
    refusals: { deno: RUSTLS, bun: BORINGSSL, node: OPENSSL },
  },
  "a secp256k1 key": {
    ...await curve("secp256k1"),
    refusals: { deno: RUSTLS, bun: BORINGSSL, node: OPENSSL },
  },
  "an Ed448 key": {
    ...await keyOf("ed448"),
    refusals: { deno: RUSTLS, bun: BORINGSSL },
  },
  "an RSA-PSS key": {
    ...await keyOf("rsa-pss", "rsa_keygen_bits:2048"),
    refusals: { deno: RUSTLS, bun: BORINGSSL },
  },
  "a curve by its parameters": {
    ...await curve("P-256", "ec_param_enc:explicit"),
    refusals: { deno: /cannot be parsed: ".*named curve/, bun: /./ },
  },
  "an RSA key of 1024 bits": {
    ...await keyOf("rsa:1024"),
    refusals: {
      deno: /: "key too small"$/,
      // OpenSSL 3.0, which Node 22 has, shows it.
      ...!process.versions.openssl?.startsWith("3.0") &&
        { node: /: "ee key too small"$/ },
    },
  },
  "an RSA key of 512 bits": {
    ...await keyOf("rsa:512"),
    refusals: {
      deno: /: "key too small"$/,
      bun: /cannot show .*: ".+"$/,
      node: /: "ee key too small"$/,
    },
  },
  "an extension that is critical and not known": {
    ...await authority.selfSigned(
      ...["-newkey", "ed25519", "-addext", "1.2.3.4=critical,ASN1:NULL"],
    ),
    refusals: { deno: RUSTLS },
  },
  "a certificate of version 1": await authority.withoutExtensions(2),
  "a certificate that has expired": await authority.withoutExtensions(-1),
  "the header of X.509": {
    ...plain,
    cert: plain.cert.replaceAll(" CERT", " X509 CERT"),
  },
  "the header of a trusted certificate": {
    ...plain,
    cert: await trust(plain),
  },
  "one text for both": {
    cert: plain.key + plain.cert,
    key: plain.key + plain.cert,
  },
  "the certificate of its issuer first": {
    ...plain,
    cert: authority.cert + plain.cert,
  },
  "byte order marks": {
    cert: `\ufeff${plain.cert}`,
    key: `\ufeff${plain.key}`,
  },
  "half of a chain's second certificate": {
    ...plain,
    cert: plain.cert + authority.cert.slice(0, 200),
    refusals: { all: /received an incomplete one$/ },
  },
  "a second certificate with a gap": {
    ...plain,
    cert: plain.cert + authority.cert.replace(/\n.{64}\n/, "\n"),
    refusals: { all: /must be certificates .* cannot be parsed: ".+"$/ },
  },
  "the key of another": {
    cert: plain.cert,
    key: other.key,
    refusals: { all: /must be the private key of .* received another one$/ },
  },
  "an encrypted key": {
    cert: plain.cert,
    key: await encryptKey(plain, "secret"),
    refusals: { all: /without a passphrase, received an encrypted one$/ },
  },
};

function refusalOf({ refusals }: Case): RegExp | undefined {
  return refusals?.all ?? refusals?.[runtimeName()];
}

/** Makes handshakes by a library of no runtime; yields the certificates shown. */
async function shownBy(
  { socket }: { socket: { addr: string; port: number } },
): Promise<string[]> {
  return await Promise.all(["-tls1_2", "-tls1_3"].map(async (version) => {
    const asked = promisify(execFile)("openssl", [
      ...["s_client", "-connect", `${socket.addr}:${socket.port}`, version],
    ], { timeout: DEADLINE_MS });
    asked.child.stdin!.end();
    const { stdout } = await asked;
    return /-----BEGIN[^]*-----END CERTIFICATE-----/.exec(stdout)![0];
  }));
}

for (const [name, pair] of Object.entries(cases)) {
  const title = `startHttpServer() shows ${name}, or says why not`;
  contract(title, async (loopback) => {
    const { cert, key } = pair;
    const options = { ...loopback, tls: { cert, key } };
    const refusal = refusalOf(pair);
    if (refusal === undefined) {
      await withServer(options, async (server) => {
        assertEquals((await shownBy(server)).length, 2);
      });
      return;
    }
    const error = await assertRejects(() => startHttpServer(options), TlsError);
    assertMatch(error.message, refusal);
    assert(!error.message.includes("-----"), error.message);
  });
}

test("startHttpServer() rotates in what it can show, and reports the rest", async () => {
  await withFolder(async (folder) => {
    const certFile = join(folder, "both.pem");
    const tls = { certFile, keyFile: certFile, reloadInterval: 100 };
    const rotate = async ({ cert, key }: Case) => {
      await writeFile(`${certFile}.new`, `${key}\n${cert}`);
      await rename(`${certFile}.new`, certFile);
    };
    await rotate(other);
    const errors: Error[] = [];
    const onError = (error: unknown) => void errors.push(error as Error);
    await withServer({ addr: "127.0.0.1", tls, onError }, async (server) => {
      const untilShown = (name: string, { cert, key }: Case) => {
        const parsed = parseCredentials({ cert, key }, {}).cert!;
        const [own] = splitCertificates(parsed);
        return waitUntil(
          60_000,
          `${name} is shown`,
          async () =>
            (await shownBy(server)).every((shown) => shown === own.trim()),
        );
      };
      let [current, next] = [other, third];
      for (const [name, pair] of Object.entries(cases)) {
        const refusal = refusalOf(pair);
        await rotate(pair);
        if (refusal === undefined) await untilShown(name, pair);
        else {
          const isTold = () =>
            errors.some(({ message }) => refusal.test(message));
          await waitUntil(60_000, `${name} is refused`, isTold);
          await untilShown(`another than ${name}`, current);
        }
        [current, next] = [next, current];
        await rotate(current);
        await untilShown(`another after ${name}`, current);
        assert(errors.every((error) => error instanceof TlsError));
        errors.length = 0;
      }
    });
  });
});
