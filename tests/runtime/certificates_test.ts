import { TlsError } from "../../src/errors.ts";
import { parseCredentials } from "../../src/runtime/certificates.ts";
import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { Authority } from "../_certificates.ts";
import { test } from "../_suite.ts";

const authority = await Authority.create();
const [{ cert, key }, other] = await Promise.all([
  authority.server(),
  authority.server(),
]);
const names = { cert: "cert", key: "key", ca: "ca", clientCa: "clientCa" };

/** The beginnings of a text, from its first line on: none is the whole text. */
function* beginnings(pem: string): Generator<string> {
  const end = pem.trimEnd().length;
  for (let length = "-----BEGIN".length; length < end; length++) {
    yield pem.slice(0, length);
  }
}

test("parseCredentials() refuses certificates and keys that are cut off anywhere", () => {
  for (const part of beginnings(cert)) {
    for (
      const credentials of [
        { cert: part, key },
        { cert: cert + part, key },
        { cert, key, clientCa: part },
        { cert, key, clientCa: authority.cert + part },
      ]
    ) {
      assertThrows(() => parseCredentials(credentials, names), TlsError);
    }
  }
  for (const part of beginnings(key)) {
    assertThrows(() => parseCredentials({ cert, key: part }, names), TlsError);
  }
});

test("parseCredentials() writes the same text for whatever surrounds it", () => {
  const chain = cert + authority.cert;
  const expected = { cert: chain, key, ca: chain, clientCa: chain };
  const without = (pem: string) => pem.replaceAll(/(?<=[^-])\n(?=[^-])/g, "");
  const forms: [name: string, (pem: string) => string][] = [
    ["as it is", (pem) => pem],
    ["without an end of line", (pem) => pem.trimEnd()],
    ["a byte order mark", (pem) => `\ufeff${pem}`],
    ["lines as on Windows", (pem) => pem.replaceAll("\n", "\r\n")],
    ["lines as on an old Mac", (pem) => pem.replaceAll("\n", "\r")],
    ["indented", (pem) => pem.replaceAll(/^/gm, "    ")],
    ["space at the ends of lines", (pem) => pem.replaceAll("\n", " \t\n")],
    ["lines of any length", without],
    ["empty lines", (pem) => pem.replaceAll("\n", "\n\n")],
    ["text around", (pem) => `Subject: a\n${pem}\n# The end\n`],
    ["another header", (pem) => pem.replaceAll(" CERT", " X509 CERT")],
    ["a key and certificates in one", () => `\ufeff${key}\ufeff${chain}`],
    ["certificates and a key in one", () => chain + key],
    ["the key between certificates", () => cert + key + authority.cert],
  ];
  for (const [name, form] of forms) {
    const pem = form(chain);
    const given = { cert: pem, key: form(key), ca: pem, clientCa: pem };
    assertEquals(parseCredentials(given, names), expected, name);
  }
});

test("parseCredentials() puts the certificate of the key first, then each issuer", async () => {
  const root = await Authority.create();
  const middle = await root.authority();
  const own = await middle.server();
  const stranger = await (await Authority.create()).server();
  const chain = own.cert + middle.cert + root.cert;
  const orders = [
    [own.cert, middle.cert, root.cert],
    [root.cert, middle.cert, own.cert],
    [middle.cert, root.cert, own.cert],
    [root.cert, own.cert, middle.cert],
  ];
  const parse = (given: string[], key = own.key) =>
    parseCredentials({ cert: given.join(""), key }, names).cert;
  for (const order of orders) assertEquals(parse(order), chain);
  // Half a chain is the user's choice, and others stay behind it.
  assertEquals(parse([root.cert, own.cert]), own.cert + root.cert);
  assertEquals(parse([stranger.cert, ...orders[1]]), chain + stranger.cert);
  assertEquals(parse(orders[1], other.key + own.key), chain);
});

test("parseCredentials() says what is wrong with a key", () => {
  const wrong: [string, RegExp][] = [
    [other.key, /key must be the private key of cert, received another one$/],
    [cert, /key must be a private key in PEM format.* received another text$/],
    [
      key.replace(/\n.{20}/, "\nAAAA"),
      /key must be a private key .* cannot be parsed: ".+"$/,
    ],
    [
      key.replaceAll("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"),
      /without a passphrase, received an encrypted one$/,
    ],
    [
      key.replace("KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\n\n"),
      /without a passphrase, received an encrypted one$/,
    ],
  ];
  for (const [key, message] of wrong) {
    const error = assertThrows(
      () => parseCredentials({ cert, key }, names),
      TlsError,
    );
    assertMatch(error.message, message);
  }
});
