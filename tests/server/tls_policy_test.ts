import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { execFile } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import * as client from "prom-client";
import { runtimeName } from "../../src/runtime/detect.ts";
import { subjectNames } from "../../src/runtime/subject_names.ts";
import {
  type MetricsHttpServer,
  startHttpServer,
  type StartHttpServerOptions,
  UnsupportedOptionError,
} from "../../src/server/mod.ts";
import { Authority, type Certificate } from "../_certificates.ts";
import { curl } from "../_curl.ts";
import { withFolder } from "../_folder.ts";
import { test } from "../_suite.ts";
import { assertSoon } from "../_wait.ts";
import { withThread } from "../thread/_threads.ts";
import { contract, withServer } from "./_servers.ts";

const authority = await Authority.create();
const SPIFFE = "spiffe://example.org/ns/monitoring/sa/prometheus";

/** Extensions with names; a URI may look like two. */
const namesOf = (...names: string[]) =>
  `subjectAltName=@names\n[names]\n${names.join("\n")}\n`;

const [server, renewed, named, tricky, nameless] = await Promise.all([
  authority.server(),
  authority.server(),
  authority.client(namesOf(
    "DNS.1=prometheus.example",
    `URI.1=${SPIFFE}`,
    "email.1=ops@example.org",
    "IP.1=10.0.0.1",
    "IP.2=2001:db8::1",
  )),
  authority.client(namesOf("URI.1=http://x/, DNS:prometheus.example")),
  authority.client(),
]);
const registry = new client.Registry();

/** Runs a command of `openssl`; yields its output. */
function openssl(...args: string[]): Promise<string> {
  return new Promise((resolve) => {
    const child = execFile("openssl", args, (_, stdout) => resolve(stdout));
    child.stdin!.end();
  });
}

/** Scrapes with a certificate; 0 without an answer. */
async function statusOf(
  { metricsUrl }: Pick<MetricsHttpServer, "metricsUrl">,
  { certFile, keyFile }: Certificate,
  ...args: string[]
): Promise<number> {
  const own = ["--cert", certFile, "--key", keyFile];
  const all = ["--cacert", authority.certFile, ...own, ...args, metricsUrl];
  return (await curl(...all)).status;
}

const WITH_1_2 = ["--tls-max", "1.2"];

contract(
  "minVersion is the oldest version that is spoken",
  async (loopback) => {
    for (const minVersion of ["TLSv1.2", "TLSv1.3"] as const) {
      const tls = { cert: server.cert, key: server.key, minVersion };
      await withServer({ ...loopback, registry, tls }, async (started) => {
        const older = await statusOf(started, nameless, ...WITH_1_2);
        assertEquals(older, minVersion === "TLSv1.2" ? 200 : 0);
        assertEquals(await statusOf(started, nameless), 200);
      });
    }
  },
);

test("minVersion stays when the certificate is renewed, on a thread", () =>
  withFolder(async (folder) => {
    const [certFile, keyFile] = [join(folder, "cert"), join(folder, "key")];
    const show = async (own: Certificate) => {
      await copyFile(own.keyFile, keyFile);
      await copyFile(own.certFile, certFile);
    };
    await show(server);
    const files = { certFile, keyFile, reloadInterval: 100 };
    const tls = { ...files, minVersion: "TLSv1.3" } as const;
    await withThread({ registry, tls, onError() {} }, async (started) => {
      assertEquals(await statusOf(started, nameless), 200);
      await show(renewed);
      const { port } = started.socket;
      const shown = async () =>
        (await openssl("s_client", "-connect", `127.0.0.1:${port}`))
          .includes(renewed.cert.trim());
      await assertSoon(true, shown);
      assertEquals(await statusOf(started, nameless, ...WITH_1_2), 0);
    });
  }));

test("subjectNames() reads each name as it is", () => {
  const of = ({ cert }: Certificate) =>
    subjectNames(new X509Certificate(cert).raw);
  assertEquals(of(named).sort(), [
    "10.0.0.1",
    "2001:db8::1",
    "ops@example.org",
    "prometheus.example",
    SPIFFE,
  ]);
  assertEquals(of(tricky), ["http://x/, DNS:prometheus.example"]);
  assertEquals(of(nameless), []);
});

const isBun = runtimeName() === "bun";
const withoutNames = isBun ? "Bun's servers show no certificates" : undefined;

contract(
  "clientNames lets in clients with one of the names",
  { skip: withoutNames },
  async (loopback) => {
    const mutual = {
      ...{ cert: server.cert, key: server.key },
      clientCa: authority.cert,
    };
    const let_ = async (clientNames: readonly string[], own: Certificate) => {
      const tls = { ...mutual, clientNames };
      const all = { ...loopback, registry, tls };
      let statuses: number[] = [];
      await withServer(all, async (started) => {
        statuses = [
          await statusOf(started, own),
          await statusOf(started, own, ...WITH_1_2),
        ];
      });
      return statuses;
    };
    const names = ["other", SPIFFE];
    assertEquals(await let_(names, named), [200, 200]);
    assertEquals(await let_(["2001:DB8:0::1"], named), [200, 200]);
    assertEquals(await let_(["prometheus.example"], tricky), [0, 0]);
    assertEquals(await let_(["DNS:prometheus.example"], tricky), [0, 0]);
    assertEquals(await let_(names, nameless), [0, 0]);
    assertEquals(await let_(["prometheus"], named), [0, 0]);
  },
);

test("Bun refuses clientNames, and says the way out", {
  skip: isBun ? undefined : "the others have them",
}, async () => {
  const tls = {
    ...{ cert: server.cert, key: server.key },
    ...{ clientCa: authority.cert, clientNames: ["a"] },
  };
  const error = await assertRejects(
    () => startHttpServer({ addr: "127.0.0.1", tls }),
    UnsupportedOptionError,
  );
  assertMatch(
    error.message,
    /tls\.clientNames must be left out, since .*proxy$/,
  );
});

test("startHttpServer() refuses a policy that would leave it open", async () => {
  const pair = { cert: server.cert, key: server.key };
  const wrong: [object, RegExp][] = [
    [{ clientNames: ["a"] }, /clientCa or clientCaFile with clientNames/],
    [{ clientNames: [] }, /tls\.clientNames must be an array of names/],
    [{ clientNames: "a" }, /tls\.clientNames must be an array of names/],
    [{ clientNames: [""] }, /tls\.clientNames must be an array of names/],
    [{ minVersion: "TLSv1" }, /minVersion must be TLSv1\.2 or TLSv1\.3/],
    [{ minVersion: 1.3 }, /minVersion must be TLSv1\.2 or TLSv1\.3/],
    [{ minVersion: undefined }, /received minVersion: undefined/],
  ];
  for (const [more, message] of wrong) {
    const tls = { ...pair, ...more };
    const options = { addr: "127.0.0.1", tls } as StartHttpServerOptions;
    const error = await assertRejects(() => startHttpServer(options), Error);
    assertMatch(error.message, message);
  }
});
