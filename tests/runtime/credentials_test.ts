import { TlsError } from "../../src/errors.ts";
import { checkCredentials } from "../../src/runtime/credentials.ts";
import { assertThrows } from "@std/assert";
import { Authority } from "../_certificates.ts";
import { test } from "../_suite.ts";

const authority = await Authority.create();
const { cert, key } = await authority.server();
const names = { cert: "cert", key: "key", clientCa: "clientCa" };

/** The beginnings of a text, from its first line on: none is the whole text. */
function* beginnings(pem: string): Generator<string> {
  const end = pem.trimEnd().length;
  for (let length = "-----BEGIN".length; length < end; length++) {
    yield pem.slice(0, length);
  }
}

test("checkCredentials() refuses certificates and keys that are cut off anywhere", () => {
  for (const part of beginnings(cert)) {
    for (
      const credentials of [
        { cert: part, key },
        { cert: cert + part, key },
        { cert, key, clientCa: part },
        { cert, key, clientCa: authority.cert + part },
      ]
    ) {
      assertThrows(() => checkCredentials(credentials, names), TlsError);
    }
  }
  for (const part of beginnings(key)) {
    assertThrows(() => checkCredentials({ cert, key: part }, names), TlsError);
  }
});

test("checkCredentials() takes text around certificates, and a key among them", () => {
  const around = `Subject: a\n${cert}\n# The next one\n${authority.cert}`;
  for (const text of [around, key + cert, cert + key, cert.trimEnd()]) {
    for (const pem of [text, text.replaceAll("\n", "\r\n")]) {
      checkCredentials({ cert: pem, key, clientCa: pem }, names);
    }
  }
});
