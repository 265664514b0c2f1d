import { plainAnswer } from "../../src/answer.ts";
import { listen } from "../../src/runtime/listen.ts";
import type {
  ListenAddress,
  Listener,
  TlsCredentials,
} from "../../src/runtime/types.ts";
import { assert } from "@std/assert";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import {
  type AddressInfo,
  connect,
  createServer,
  type NetConnectOpts,
  type Socket,
} from "node:net";
import { join } from "node:path";
import { connect as connectTls, type SecureVersion } from "node:tls";
import { Authority } from "../_certificates.ts";
import { withFolder } from "../_folder.ts";
import { withoutUnixSockets } from "../_platform.ts";
import { test } from "../_suite.ts";
import { unlimited } from "./_listening.ts";

const authority = await Authority.create();
const [first, second, known] = await Promise.all([
  authority.server(),
  authority.server(),
  authority.client(),
]);

/** Where the server listens, as a client names it. */
function placeOf(address: ListenAddress): NetConnectOpts {
  return "path" in address
    ? { path: address.path }
    : { host: address.hostname, port: address.port };
}

/** Makes a request; yields the certificate that was shown, and the answer. */
function ask(
  to: NetConnectOpts,
  version: SecureVersion,
): Promise<{ shown: string; answer: string }> {
  return new Promise((resolve, reject) => {
    let shown = "";
    let answer = "";
    const client = connectTls({
      ...to,
      servername: "localhost",
      ca: authority.cert,
      cert: known.cert,
      key: known.key,
      minVersion: version,
      maxVersion: version,
    }, () => {
      const { raw } = client.getPeerCertificate();
      shown = Buffer.from(raw).toString("base64");
      client.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    });
    client.on("data", (chunk) => answer += chunk);
    client.on("error", reject);
    client.on("close", () => resolve({ shown, answer }));
  });
}

/** The certificate of PEM format as `ask()` yields it. */
function shownAs({ cert }: TlsCredentials): string {
  return cert.replace(/-----[^-]+-----|\n/g, "");
}

/**
 * Forwards a connection, and cuts what the client sends in the middle of each
 * TLS record.
 *
 * @param onPhase Is waited for before the connection, and before each piece:
 * the pieces before it have been sent then.
 */
async function forward(
  client: Socket,
  to: NetConnectOpts,
  onPhase: () => Promise<void>,
): Promise<void> {
  client.on("error", () => {});
  await onPhase();
  const server = connect({ ...to, noDelay: true });
  server.on("error", () => client.destroy());
  server.on("close", () => client.destroySoon());
  server.pipe(client);
  client.on("close", () => server.destroy());
  await once(server, "connect");
  let received = Buffer.alloc(0);
  let isSending = false;
  const onData = async () => {
    if (isSending) return;
    isSending = true;
    // A record has its length behind its type and version (RFC 8446, 5.1).
    while (received.length >= 5) {
      const length = 5 + received.readUInt16BE(3);
      if (received.length < length) break;
      for (const [start, end] of [[0, length >> 1], [length >> 1, length]]) {
        await onPhase();
        server.write(received.subarray(start, end));
      }
      received = received.subarray(length);
    }
    isSending = false;
  };
  client.on("data", (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    onData();
  });
}

/** Renews the certificate once in each phase of a connection. */
async function renewInEachPhase(
  address: ListenAddress,
  more: Pick<TlsCredentials, "clientCa">,
): Promise<void> {
  let onPhase = async () => {};
  let [current, next]: TlsCredentials[] = [
    { cert: first.cert, key: first.key, ...more },
    { cert: second.cert, key: second.key, ...more },
  ];
  const listener: Listener = await listen({
    address,
    tls: current,
    isRenewable: true,
    handler: async () => {
      await onPhase();
      return plainAnswer(200, "answered");
    },
    ...unlimited(),
  });
  const to = placeOf(listener.address);
  const relay = createServer((client) => {
    forward(client, to, () => onPhase());
  });
  relay.listen(0, "127.0.0.1");
  await once(relay, "listening");
  const relayed = placeOf({
    hostname: "127.0.0.1",
    port: (relay.address() as AddressInfo).port,
  });
  try {
    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      const assertShown = async () => {
        const { shown, answer } = await ask(to, version);
        assert(shown === shownAs(current), "the other certificate is shown");
        assert(answer.endsWith("answered\n"), answer);
      };
      let renewed: Promise<void> | undefined;
      const renew = async () => {
        // When a later client is answered, the server has read what was sent
        // before.
        await assertShown();
        await listener.renew!(next);
        [current, next] = [next, current];
        await assertShown();
      };
      let chosen = 0;
      do {
        let phase = 0;
        renewed = undefined;
        onPhase = async () => {
          // The requests of `renew` come here, too: by the handler.
          if (renewed !== undefined || phase++ !== chosen) return;
          renewed = renew();
          // A failure is thrown below.
          await renewed.catch(() => {});
        };
        const { shown, answer } = await ask(relayed, version);
        await renewed;
        const where = `${version}, phase ${chosen}: ${answer}`;
        assert(answer.startsWith("HTTP/1.1 200 "), where);
        assert(answer.endsWith("answered\n"), where);
        assert([current, next].some((each) => shown === shownAs(each)), where);
        chosen++;
      } while (renewed !== undefined);
      // The connection, hello, key exchange, request and answer are phases.
      assert(chosen > 6, `${version} has only ${chosen} phases`);
    }
  } finally {
    relay.close();
    await listener.cut();
  }
}

const loopback: ListenAddress = { hostname: "127.0.0.1", port: 0 };

test("renew() cuts no connection off, whatever phase that is in", () =>
  renewInEachPhase(loopback, {}));

test("renew() cuts no connection off that shows a client's certificate", () =>
  renewInEachPhase(loopback, { clientCa: authority.cert }));

test(
  "renew() cuts no connection off on a unix socket",
  {
    skip: withoutUnixSockets,
  },
  () =>
    withFolder((folder) => renewInEachPhase({ path: join(folder, "s") }, {})),
);
