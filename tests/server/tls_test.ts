import {
  type MetricsHttpServer,
  startHttpServer,
  type StartHttpServerOptions,
  TlsError,
  type TlsOptions,
  UnsupportedOptionError,
} from "../../src/server/mod.ts";
import { runtimeName } from "../../src/runtime/detect.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { execFile } from "node:child_process";
import { copyFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connect } from "node:tls";
import { promisify } from "node:util";
import * as client from "prom-client";
import { Authority, encryptKey } from "../_certificates.ts";
import { curl } from "../_curl.ts";
import { withFolder } from "../_folder.ts";
import { DEADLINE_MS, test } from "../_suite.ts";
import { waitUntil } from "../_wait.ts";
import { contract, withServer } from "./_servers.ts";

const authority = await Authority.create();
const stranger = await Authority.create();
const [own, other, known, unknown] = await Promise.all([
  authority.server(),
  authority.server(),
  authority.client(),
  stranger.client(),
]);
const { cert, key } = own;
const encryptedKey = await encryptKey(own, "secret");
const registry = new client.Registry();
new client.Counter({ name: "jobs_total", help: "Jobs", registers: [registry] })
  .inc(3);

/** Scrapes over TLS, with the authority known. */
function scrape({ metricsUrl }: MetricsHttpServer, ...args: string[]) {
  return curl("--cacert", authority.certFile, ...args, metricsUrl);
}

/** The certificate that a server shows to everybody. */
function shownCertificate(server: MetricsHttpServer): Promise<string> {
  return shownTo(server, {});
}

/** The certificate that a server shows to a client. */
function shownTo(
  { socket }: MetricsHttpServer,
  { cert, key }: { cert?: string; key?: string },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const { addr: host, port } = socket;
    const connection = connect(
      { host, port, servername: "localhost", ca: authority.cert, cert, key },
      () => {
        resolve(String(connection.getPeerCertificate().subject.CN));
        connection.destroy();
      },
    );
    connection.once("error", reject);
  });
}

contract("startHttpServer() speaks TLS 1.2 and 1.3", async (loopback) => {
  const options = { ...loopback, registry, tls: { cert, key } };
  await withServer(options, async (server) => {
    assertEquals(server.https, true);
    for (const url of [server.url, server.metricsUrl, server.healthUrl]) {
      assert(url.startsWith("https://127.0.0.1:"), url);
    }
    for (const version of ["1.2", "1.3"]) {
      const flags = [`--tlsv${version}`, "--tls-max", version];
      const { exitCode, status, body } = await scrape(server, ...flags);
      assertEquals([exitCode, status], [0, 200], version);
      assert(body.includes("\njobs_total 3\n"), body);
    }
  });
});

contract("startHttpServer() speaks no TLS before 1.2", async (loopback) => {
  await withServer({ ...loopback, tls: { cert, key } }, async (server) => {
    // 35: the handshake failed.
    const flags = ["--tlsv1.0", "--tls-max", "1.1"];
    assertEquals((await scrape(server, ...flags)).exitCode, 35);
  });
});

contract(
  "startHttpServer() with TLS survives clients without",
  async (loopback) => {
    await withServer({ ...loopback, tls: { cert, key } }, async (server) => {
      const plain = server.metricsUrl.replace("https:", "http:");
      assert((await curl(plain)).status !== 200);
      assertEquals((await scrape(server)).status, 200);
    });
  },
);

contract(
  "startHttpServer() with clientCa serves known clients only",
  async (loopback) => {
    const tls = { cert, key, clientCa: authority.cert };
    await withServer({ ...loopback, tls }, async (server) => {
      for (const version of ["1.2", "1.3"]) {
        const flags = [`--tlsv${version}`, "--tls-max", version];
        const withCert = ({ certFile, keyFile }: typeof known) =>
          scrape(server, ...flags, "--cert", certFile, "--key", keyFile);
        const none = await scrape(server, ...flags);
        assertEquals([none.status, none.exitCode !== 0], [0, true], version);
        const wrong = await withCert(unknown);
        assertEquals([wrong.status, wrong.exitCode !== 0], [0, true], version);
        assertEquals((await withCert(known)).status, 200, version);
      }
    });
  },
);

const BROKEN_CERT = "\n-----BEGIN CERTIFICATE-----\nAAAA\n" +
  "-----END CERTIFICATE-----\n";

/** The part that a reader gets of a file that grows at that moment. */
function cutOff(pem: string): string {
  return pem.slice(0, -4);
}

contract(
  "startHttpServer() refuses credentials that cannot be used",
  async (loopback) => {
    const wrong: [TlsOptions, RegExp][] = [
      [
        { cert: "secret", key },
        /tls\.cert must be certificates in PEM format, received another text/,
      ],
      [{ cert: "", key }, /tls\.cert must be certificates/],
      [{ cert: cert + BROKEN_CERT, key }, /tls\.cert must be certificates/],
      [
        { cert: cutOff(cert), key },
        /tls\.cert must be certificates in PEM format, received an incomplete/,
      ],
      [{ cert: cert + cutOff(other.cert), key }, /tls\.cert .* an incomplete/],
      [{ cert, key: "secret" }, /tls\.key must be a private key in PEM format/],
      [{ cert, key: encryptedKey }, /tls\.key .* without a passphrase/],
      [
        { cert, key: other.key },
        /tls\.key must be the private key of tls\.cert/,
      ],
      [{ cert, key, clientCa: "secret" }, /tls\.clientCa must be certificates/],
      [{ cert, key, clientCa: "" }, /tls\.clientCa must be certificates/],
      [
        { cert, key, clientCa: stranger.cert + cutOff(authority.cert) },
        /tls\.clientCa must be certificates .* an incomplete one/,
      ],
      [{ certFile: "/nowhere", keyFile: own.keyFile }, /"\/nowhere".*ENOENT/],
      [
        { certFile: own.certFile, keyFile: other.keyFile },
        /must be the private/,
      ],
    ];
    for (const [tls, message] of wrong) {
      const error = await assertRejects(
        () => startHttpServer({ ...loopback, tls }),
        TlsError,
      );
      assertMatch(error.message, message);
      assert(!error.message.includes("secret"), error.message);
    }
  },
);

test("startHttpServer() refuses TLS options that would leave it open", async () => {
  const wrong: [unknown, RegExp][] = [
    [{ cert, key, clientCa: undefined }, /received clientCa: undefined$/],
    [{ cert, key, clientCA: "secret" }, /received clientCA for clientCa$/],
    [{ cert, key, ca: "secret" }, /received ca$/],
    [{ cert, keyFile: own.keyFile }, /received cert$/],
    [{ cert }, /tls\.key must be a string, received undefined$/],
    [{ cert, key: new Uint8Array() }, /tls\.key .* a value of type object$/],
    [{ certFile: own.certFile, keyFile: key }, /tls\.keyFile must be the path/],
    [{ certFile: cert, keyFile: "a" }, /what is in one; give it as cert$/],
    [
      { certFile: "a", keyFile: "a", clientCaFile: cert },
      /tls\.clientCaFile must be the path .* give it as clientCa$/,
    ],
    ["secret", /tls must be an object, received a value of type string$/],
    [null, /tls must be an object, received null$/],
    [
      { certFile: own.certFile, keyFile: "a", reloadInterval: 1 },
      /from 100 to/,
    ],
  ];
  for (const [tls, message] of wrong) {
    const options = { addr: "127.0.0.1", tls } as StartHttpServerOptions;
    const error = await assertRejects(() => startHttpServer(options), Error);
    assert(error instanceof TypeError || error instanceof RangeError);
    assertMatch(error.message, message);
    assert(!error.message.includes("-----"), error.message);
  }
});

/** Asks by `openssl`, which keeps its TLS session in a file, or has one. */
async function askWithSession(
  { addr, port }: { addr: string; port: number },
  ...args: string[]
): Promise<string> {
  const asked = promisify(execFile)("openssl", [
    ...["s_client", "-connect", `${addr}:${port}`, "-ign_eof", ...args],
  ], { timeout: DEADLINE_MS });
  const request =
    "GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  asked.child.stdin!.end(request);
  // Being refused is a failure to `openssl`.
  const { stdout } = await asked.catch((error) => error);
  return stdout;
}

contract(
  "startHttpServer() with clientCa takes no session from a server without",
  async (loopback) => {
    const others: StartHttpServerOptions[] = [
      // A server with a limit is one of node:https on all runtimes.
      { tls: { cert, key }, maxConnections: 1000 },
      { tls: { cert, key, clientCa: stranger.cert } },
    ];
    const shown = ["-cert", unknown.certFile, "-key", unknown.keyFile];
    const tls = { cert, key, clientCa: authority.cert };
    await withServer(
      { ...loopback, registry, tls },
      (server) =>
        withFolder(async (folder) => {
          for (const options of others) {
            await withServer(
              { ...loopback, registry, ...options },
              async (other) => {
                for (const version of ["-tls1_2", "-tls1_3"]) {
                  const file = join(folder, "session");
                  const here = ["-sess_out", file, ...shown, version];
                  assertMatch(
                    await askWithSession(other.socket, ...here),
                    / 200 OK/,
                  );
                  const there = ["-sess_in", file, version];
                  const answer = await askWithSession(server.socket, ...there);
                  assert(!answer.includes(" 200 OK"), answer);
                }
              },
            );
          }
          for (const version of ["-tls1_2", "-tls1_3"]) {
            const file = join(folder, "session");
            const own = [
              "-cert",
              known.certFile,
              "-key",
              known.keyFile,
              version,
            ];
            for (const session of ["-sess_out", "-sess_in"]) {
              const answer = await askWithSession(
                server.socket,
                session,
                file,
                ...own,
              );
              assertMatch(answer, / 200 OK/);
            }
          }
        }),
    );
  },
);

test("startHttpServer() shows a renewed certificate, and no request fails", async () => {
  await withFolder(async (folder) => {
    const tls = {
      certFile: join(folder, "cert.pem"),
      keyFile: join(folder, "key.pem"),
      reloadInterval: 100,
    };
    const use = async (from: typeof own) => {
      await copyFile(from.keyFile, tls.keyFile);
      await copyFile(from.certFile, tls.certFile);
    };
    await use(own);
    const errors: unknown[] = [];
    const onError = (error: unknown) => void errors.push(error);
    const options = { addr: "127.0.0.1", registry, tls, onError };
    await withServer(options, async (server) => {
      const name = await shownCertificate(server);
      let isOver = false;
      const statuses = new Map<string, number>();
      const load = Array.from({ length: 2 }, async () => {
        while (!isOver) {
          const { exitCode, status } = await scrape(server);
          const outcome = `${exitCode} ${status}`;
          statuses.set(outcome, (statuses.get(outcome) ?? 0) + 1);
        }
      });
      try {
        for (const renewed of [other, own, other]) {
          const before = await shownCertificate(server);
          await use(renewed);
          await waitUntil(
            20_000,
            "the other certificate is shown",
            async () => await shownCertificate(server) !== before,
          );
        }
        assert(await shownCertificate(server) !== name);
      } finally {
        // After a failure as well: requests would keep the process alive.
        isOver = true;
        await Promise.all(load);
      }
      assertEquals([...statuses.keys()], ["0 200"]);
      // A look between two copies may find files that do not fit.
      assert(errors.every((error) => error instanceof TlsError));
    });
  });
});

test("startHttpServer() keeps its certificate while the files are broken", async () => {
  await withFolder(async (folder) => {
    const tls = {
      certFile: join(folder, "cert.pem"),
      keyFile: join(folder, "key.pem"),
      clientCaFile: authority.certFile,
      reloadInterval: 100,
    };
    const renewed = await authority.server();
    await copyFile(own.certFile, tls.certFile);
    await copyFile(own.keyFile, tls.keyFile);
    const errors: Error[] = [];
    const onError = (error: unknown) => void errors.push(error as Error);
    await withServer({ addr: "127.0.0.1", tls, onError }, async (server) => {
      const flags = ["--cert", known.certFile, "--key", known.keyFile];
      // In this order, since a failure that stays the same is reported once.
      const wrong: [string, RegExp][] = [
        ["broken", /received another text$/],
        [cutOff(own.cert), /received an incomplete one$/],
        [other.cert, /must be the private key/],
        [own.cert + cutOff(authority.cert), /received an incomplete one$/],
      ];
      for (const [broken, message] of wrong) {
        errors.length = 0;
        await writeFile(tls.certFile, broken);
        await waitUntil(
          20_000,
          "it is reported",
          () => errors.some((error) => message.test(error.message)),
        );
        assert(errors.every((error) => error instanceof TlsError));
        assertEquals((await scrape(server, ...flags)).status, 200);
        assertEquals((await scrape(server)).status, 0);
      }
      const shown = await shownTo(server, known);
      await writeFile(tls.certFile, renewed.cert);
      await writeFile(tls.keyFile, renewed.key);
      await waitUntil(
        20_000,
        "the certificate after them is shown",
        async () => await shownTo(server, known) !== shown,
      );
    });
  });
});

test("startHttpServer() rejects on a taken port with certificates in files, too", async () => {
  const { certFile, keyFile } = own;
  const options = { addr: "127.0.0.1", tls: { certFile, keyFile } };
  await withServer(options, async ({ socket: { port } }) => {
    const error = await assertRejects(
      () => startHttpServer({ ...options, port }),
      Error,
    );
    assertEquals((error as { code?: string }).code, "EADDRINUSE");
  });
});

test("startHttpServer() refuses what Bun cannot do with TLS, and says the way out", async () => {
  const { certFile, keyFile } = own;
  const refused: [StartHttpServerOptions, string, RegExp][] = [
    [
      { tls: { cert, key }, headerTimeout: 9_999 },
      "headerTimeout",
      /ask for no less, or let a proxy speak TLS/,
    ],
    [
      { tls: { certFile, keyFile }, maxConnections: 10 },
      "tls.certFile",
      /give tls\.cert and tls\.key, or leave the limits out/,
    ],
  ];
  for (const [options, option, message] of refused) {
    const start = () => startHttpServer({ addr: "127.0.0.1", ...options });
    if (runtimeName() !== "bun") {
      await (await start()).close();
      continue;
    }
    const error = await assertRejects(start, UnsupportedOptionError, "Bun");
    assertEquals([error.option, error.runtime], [option, "Bun"]);
    assertMatch(error.message, message);
  }
});
