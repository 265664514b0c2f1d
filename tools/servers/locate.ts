/** Where the real servers that the tests run against are. Runs on all runtimes. */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";

/** A program from a Debian package, or one that runs what is in packages. */
export interface ServerProgram {
  /** The Debian suite that has the version. */
  readonly suite: string;
  /** The names of the package and of others that it needs. */
  readonly packages: readonly string[];
  /** The program's path in the package; of Python packages their folder. */
  readonly path: string;
  /** The system's program that runs them, if they are Python packages. */
  readonly interpreter?: string;
  /** The arguments with which it prints its version. */
  readonly versionArgs: readonly string[];
  /** Its output then. */
  readonly version: string;
}

/** The name of one of the programs. */
export type ServerName =
  | "consul"
  | "prometheus"
  | "promtool"
  | "prometheus3"
  | "prometheus-consul"
  | "openmetrics-parser";

/**
 * The programs. Newer Debian suites have no Consul, and a Prometheus that cannot
 * ask one.
 */
export const SERVERS: Readonly<Record<ServerName, ServerProgram>> = {
  consul: {
    suite: "bullseye",
    packages: ["consul"],
    path: "usr/bin/consul",
    versionArgs: ["version"],
    version: "Consul v1.8.",
  },
  prometheus: {
    suite: "bookworm",
    packages: ["prometheus"],
    path: "usr/bin/prometheus",
    versionArgs: ["--version"],
    version: "version 2.42.",
  },
  promtool: {
    suite: "bookworm",
    packages: ["prometheus"],
    path: "usr/bin/promtool",
    versionArgs: ["--version"],
    version: "version 2.42.",
  },
  prometheus3: {
    // Still in the making: its version moves on, to 3.5 and later.
    suite: "forky",
    packages: ["prometheus"],
    path: "usr/bin/prometheus",
    versionArgs: ["--version"],
    version: "version 3.",
  },
  "prometheus-consul": {
    suite: "bullseye",
    packages: ["prometheus"],
    path: "usr/bin/prometheus",
    versionArgs: ["--version"],
    version: "version 2.24.",
  },
  "openmetrics-parser": {
    suite: "bookworm",
    packages: ["python3-prometheus-client", "python3-decorator"],
    path: "usr/lib/python3/dist-packages",
    interpreter: "/usr/bin/python3",
    versionArgs: [
      "-c",
      "import importlib.metadata, prometheus_client.openmetrics.parser as p\n" +
      "print(p.__name__, importlib.metadata.version('prometheus_client'))",
    ],
    version: "prometheus_client.openmetrics.parser 0.16.",
  },
};

/** The folder outside the checkout where they are kept. */
export function cacheFolder(): string {
  const { PROMETHEUS_ASYNC_CACHE, XDG_CACHE_HOME } = process.env;
  return PROMETHEUS_ASYNC_CACHE ??
    join(XDG_CACHE_HOME ?? join(homedir(), ".cache"), "prometheus-async");
}

/** How a program is started, whether it is there or not. */
export interface ServerCommand {
  /** The program's path. */
  readonly file: string;
  /** Additions to its environment. */
  readonly env: Readonly<Record<string, string>>;
}

/** Finds out how a program is started. */
export function serverCommand(name: ServerName): ServerCommand {
  const { interpreter } = SERVERS[name];
  const paths = pathsOf(name);
  return interpreter === undefined
    ? { file: paths[0], env: {} }
    : { file: interpreter, env: { PYTHONPATH: paths.join(delimiter) } };
}

/** The path of a program, whether it is there or not. */
export function serverPath(name: ServerName): string {
  return pathsOf(name)[0];
}

/** The reason to skip a test that needs a program, if there is one. */
export function missing(...names: ServerName[]): string | undefined {
  const absent = names.filter((name) => !pathsOf(name).every(existsSync));
  if (absent.length > 0) {
    return `${absent.join(" and ")} not in the cache, see "deno task servers"`;
  }
  const files = names.map((name) => serverCommand(name).file);
  const file = files.find((file) => !existsSync(file));
  return file && `${file} not on this machine`;
}

function pathsOf(name: ServerName): string[] {
  const { suite, packages, path } = SERVERS[name];
  return packages.map((each) => join(cacheFolder(), suite, each, path));
}
