import {
  ListenError,
  type MetricsUnixServer,
  startHttpServer,
  type StartUnixServerOptions,
} from "../../src/server/mod.ts";
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { execFile } from "node:child_process";
import { readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import * as client from "prom-client";
import { Authority } from "../_certificates.ts";
import { curl } from "../_curl.ts";
import { withFolder } from "../_folder.ts";
import { withoutUnixSockets } from "../_platform.ts";
import { test } from "../_suite.ts";
import { contract } from "./_servers.ts";

const registry = new client.Registry();
const UNIX_SOCKETS = { skip: withoutUnixSockets };

/** Runs `fn` with the file for a socket, and options for it. */
async function withSocket(
  loopback: object,
  fn: (options: StartUnixServerOptions, file: string) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const unix = join(folder, "metrics.sock");
    await fn({ ...loopback, addr: undefined, registry, unix }, unix);
  });
}

/** Scrapes by `curl`: not all runtimes' `fetch` knows unix sockets. */
function scrape({ socket }: MetricsUnixServer, ...args: string[]) {
  return curl(
    "--unix-socket",
    socket.path,
    "http://localhost/metrics",
    ...args,
  );
}

async function exists(file: string): Promise<boolean> {
  return await stat(file).then(() => true, () => false);
}

contract(
  "startHttpServer() listens on a unix socket, and removes it",
  UNIX_SOCKETS,
  async (loopback) => {
    await withSocket(loopback, async (options, file) => {
      const server = await startHttpServer(options);
      const { socket, https, url, metricsUrl, healthUrl } = server;
      assertEquals(
        { socket, https, url, metricsUrl, healthUrl },
        {
          socket: { path: file },
          https: false,
          url: null,
          metricsUrl: null,
          healthUrl: null,
        },
      );
      const { status, body } = await scrape(server);
      assertEquals(status, 200);
      assertStringIncludes(body, "prometheus_async_scrapes_in_flight 1\n");
      await server.close();
      assertEquals(await exists(file), false);
    });
  },
);

contract(
  "startHttpServer() replaces the socket of a server that is gone",
  UNIX_SOCKETS,
  async (loopback) => {
    await withSocket(loopback, async (options, file) => {
      // Bound, and left behind.
      await promisify(execFile)("/usr/bin/python3", [
        "-c",
        "import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])",
        file,
      ]);
      assertEquals(await exists(file), true);
      const server = await startHttpServer(options);
      assertEquals((await scrape(server)).status, 200);
      await server.close();
    });
  },
);

contract(
  "startHttpServer() leaves a socket to the server that has it",
  UNIX_SOCKETS,
  async (loopback) => {
    await withSocket(loopback, async (options, file) => {
      const first = await startHttpServer(options);
      const error = await assertRejects(
        () => startHttpServer(options),
        ListenError,
      );
      assertEquals([error.code, error.addr, error.port], [
        "EADDRINUSE",
        file,
        undefined,
      ]);
      assertEquals(
        error.message,
        `Cannot listen on unix socket "${file}": EADDRINUSE`,
      );
      assertEquals((await scrape(first)).status, 200);
      await first.close();
    });
  },
);

contract(
  "startHttpServer() leaves a file that is no socket as it is",
  UNIX_SOCKETS,
  async (loopback) => {
    await withSocket(loopback, async (options, file) => {
      await writeFile(file, "data");
      const error = await assertRejects(
        () => startHttpServer(options),
        ListenError,
      );
      assertEquals(error.code, "EADDRINUSE");
      assertEquals(await readFile(file, "utf8"), "data");
    });
  },
);

for (
  const [folder, code] of [
    ["that is not there", "ENOENT"],
    ["whose own folder is not there", "ENOENT"],
    ["that is a link to nowhere", "ENOENT"],
    ["that is a file", "ENOTDIR"],
    ["that is a loop of links", "ELOOP"],
  ]
) {
  contract(
    `startHttpServer() rejects with ${code} for a socket in a folder ${folder}`,
    UNIX_SOCKETS,
    async (loopback) => {
      await withSocket(loopback, async (options, file) => {
        if (code === "ENOTDIR") await writeFile(file, "");
        if (code === "ELOOP") await symlink(file, file);
        if (folder.includes("nowhere")) await symlink(`${file}-none`, file);
        const inner = folder.includes("own folder") ? "inner/" : "";
        const unix = `${file}/${inner}metrics.sock`;
        const start = () => startHttpServer({ ...options, unix });
        const error = await assertRejects(start, ListenError);
        assertEquals(error.code, code);
      });
    },
  );
}

contract(
  "startHttpServer() refuses a path that is no socket's",
  UNIX_SOCKETS,
  async (loopback) => {
    const { maxConnections } = loopback;
    for (const unix of ["", "/tmp/a\0b", `/tmp/${"x".repeat(100)}`]) {
      await assertRejects(
        () => startHttpServer({ maxConnections, unix }),
        RangeError,
        "unix must be a path of 1 to 100 bytes",
      );
    }
    await assertRejects(
      () => startHttpServer({ unix: "/tmp/a.sock", port: 1 } as never),
      TypeError,
      "either addr and port or unix",
    );
  },
);

const authority = await Authority.create();
const { cert, key, certFile, keyFile } = await authority.server();

contract(
  "startHttpServer() speaks TLS on a unix socket",
  UNIX_SOCKETS,
  async (loopback) => {
    await withSocket(loopback, async (options) => {
      const server = await startHttpServer({ ...options, tls: { cert, key } });
      const { status } = await curl(
        ...["--unix-socket", server.socket.path],
        ...["--cacert", authority.certFile, "https://localhost/metrics"],
      );
      assertEquals(status, 200);
      await server.close();
    });
  },
);

test(
  "startHttpServer() reads certificates again on a unix socket, too",
  UNIX_SOCKETS,
  async () => {
    await withSocket({}, async (options, file) => {
      const tls = { certFile, keyFile };
      const server = await startHttpServer({ ...options, tls });
      const { status } = await curl(
        ...["--unix-socket", file, "--cacert", authority.certFile],
        "https://localhost/metrics",
      );
      assertEquals(status, 200);
      await server.close();
      assertEquals(await exists(file), false);
    });
  },
);
