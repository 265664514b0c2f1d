/** Where the real servers that the tests run against are. Runs on all runtimes. */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";

/** A program from a Debian package. */
export interface ServerProgram {
  /** The Debian suite that has the version. */
  readonly suite: string;
  /** The package's name. */
  readonly package: string;
  /** The program's path in the package. */
  readonly path: string;
  /** What its version command prints. */
  readonly version: string;
}

/** The name of one of the programs. */
export type ServerName = "consul" | "prometheus" | "promtool";

/** The programs. Newer Debian suites have no Consul. */
export const SERVERS: Readonly<Record<ServerName, ServerProgram>> = {
  consul: {
    suite: "bullseye",
    package: "consul",
    path: "usr/bin/consul",
    version: "Consul v1.8.",
  },
  prometheus: {
    suite: "bookworm",
    package: "prometheus",
    path: "usr/bin/prometheus",
    version: "version 2.42.",
  },
  promtool: {
    suite: "bookworm",
    package: "prometheus",
    path: "usr/bin/promtool",
    version: "version 2.42.",
  },
};

/** The folder outside the checkout where they are kept. */
export function cacheFolder(): string {
  const { PROMETHEUS_ASYNC_CACHE, XDG_CACHE_HOME } = process.env;
  return PROMETHEUS_ASYNC_CACHE ??
    join(XDG_CACHE_HOME ?? join(homedir(), ".cache"), "prometheus-async");
}

/** The path of a program, whether it is there or not. */
export function serverPath(name: ServerName): string {
  const { suite, package: pkg, path } = SERVERS[name];
  return join(cacheFolder(), suite, pkg, path);
}

/** The reason to skip a test that needs a program, if there is one. */
export function missing(...names: ServerName[]): string | undefined {
  const absent = names.filter((name) => !existsSync(serverPath(name)));
  if (absent.length === 0) return undefined;
  return `${absent.join(" and ")} not in the cache, see "deno task servers"`;
}
