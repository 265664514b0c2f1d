import {
  type ConsulAgentOptions,
  ConsulError,
  type ConsulTlsOptions,
} from "../../src/discovery/mod.ts";
import { TlsError } from "../../src/errors.ts";
import { runtimeName } from "../../src/runtime/detect.ts";
import { startHttpServer } from "../../src/server/mod.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { missing } from "../../tools/servers/locate.ts";
import { Authority } from "../_certificates.ts";
import { withFolder } from "../_folder.ts";
import { test } from "../_suite.ts";
import { waitUntil } from "../_wait.ts";
import { withServer } from "../server/_servers.ts";
import { type Consul, withConsul } from "./_consul.ts";
import { registering } from "./_registering.ts";

const skip = missing("consul");
const skipShown = skip ??
  (/^2\.9\.[0-5]$/.test(process.versions.deno ?? "")
    ? "Deno before 2.9.6: a certificate may end the process, and is refused"
    : undefined);

const authority = await Authority.create();
const own = await authority.server();
const { cert, key, certFile, keyFile } = await authority.client();
const weak = await authority.selfSigned(
  ...["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-224"],
);
const old = await authority.withoutExtensions(2);
const stranger = await (await Authority.create()).client();

/** Runs `fn` with an agent that speaks TLS. */
function withTls(
  isMutual: boolean,
  fn: (consul: Consul) => Promise<void>,
): Promise<void> {
  const tls = { ...own, caFile: authority.certFile, isMutual };
  return withConsul({ tls }, fn);
}

function optionsWith(
  consul: Consul,
  tls: ConsulTlsOptions | undefined,
  options: ConsulAgentOptions = {},
) {
  return registering({ url: consul.httpsUrl }, { tls, ...options });
}

test("a ConsulAgent speaks TLS with an agent whose authority it knows", {
  skip,
}, async () => {
  await withTls(false, async (consul) => {
    const known = [{ ca: authority.cert }, { caFile: authority.certFile }];
    for (const tls of known) {
      const server = await startHttpServer(optionsWith(consul, tls));
      assertEquals(Object.keys(await consul.services()), ["app-metrics"]);
      await server.close();
      assertEquals(await consul.services(), {});
    }
    const unknown = [undefined, {}, { ca: stranger.cert }];
    for (const tls of unknown) {
      const error = await assertRejects(
        () => startHttpServer(optionsWith(consul, tls)),
        ConsulError,
      );
      assertEquals(error.status, undefined);
      assert(/cert|issuer/i.test(error.message), error.message);
    }
    assertEquals(await consul.services(), {});
  });
});

test("a ConsulAgent shows its certificate to an agent that asks for one", {
  skip: skipShown,
}, async () => {
  await withTls(true, async (consul) => {
    const ca = authority.cert;
    const both = `\ufeff${key}${authority.cert}${cert}`;
    const shown = [
      { ca, cert, key },
      { ca, certFile, keyFile },
      { ca: `\ufeff${key}${ca}`, cert: both, key: both },
    ];
    for (const tls of shown) {
      const server = await startHttpServer(optionsWith(consul, tls));
      assertEquals(Object.keys(await consul.services()), ["app-metrics"]);
      await server.close();
      assertEquals(await consul.services(), {});
    }
    // Also after those, whose connections must not be used again.
    for (
      const tls of [{ ca }, { ca, cert: stranger.cert, key: stranger.key }]
    ) {
      const error = await assertRejects(
        () => startHttpServer(optionsWith(consul, tls)),
        ConsulError,
      );
      assertEquals(error.status, undefined);
    }
    assertEquals(await consul.services(), {});
  });
});

test("a certificate that is replaced in its file is shown from then on", {
  skip: skipShown,
}, async () => {
  await withTls(true, async (consul) => {
    await withFolder(async (folder) => {
      const files = {
        certFile: join(folder, "client.pem"),
        keyFile: join(folder, "client.key"),
      };
      const show = async (shown: { certFile: string; keyFile: string }) => {
        await copyFile(shown.certFile, files.certFile);
        await copyFile(shown.keyFile, files.keyFile);
      };
      await show({ certFile, keyFile });
      const errors: unknown[] = [];
      const options = optionsWith(consul, { ca: authority.cert, ...files }, {
        check: { interval: "1s", timeout: "1s" },
      });
      const onError = (error: unknown) => errors.push(error);
      await withServer({ ...options, onError }, async (server) => {
        await show(stranger);
        await waitUntil(60_000, "it fails", () => errors.length > 0);
        await waitUntil(60_000, "that is seen", () => !server.isRegistered);
        await show(await authority.client());
        await waitUntil(60_000, "it is back", () => server.isRegistered);
      });
      assertEquals(await consul.services(), {});
    });
  });
});

test(
  "credentials that cannot be used keep the server from starting",
  { skip },
  async () => {
    await withTls(false, async (consul) => {
      const unusable: ConsulTlsOptions[] = [
        { ca: "none" },
        { caFile: "/nowhere/ca.pem" },
        { cert, key: stranger.key },
        { certFile, keyFile: certFile },
        { cert: weak.cert, key: weak.key },
        // Deno's client shows fewer certificates than its server.
        ...runtimeName() === "deno" ? [{ cert: old.cert, key: old.key }] : [],
      ];
      for (const tls of unusable) {
        await assertRejects(
          () => startHttpServer(optionsWith(consul, tls, { required: false })),
          TlsError,
        );
      }
    });
  },
);
