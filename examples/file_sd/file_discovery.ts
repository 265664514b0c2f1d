/**
 * Service discovery without a service: each metrics server has a file in a
 * folder, where Prometheus finds it by `file_sd_configs`.
 */
import type {
  MetricsServerInfo,
  ServiceDiscovery,
} from "@prometheus-async/prometheus-async";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Options for {@linkcode FileDiscovery}. */
export interface FileDiscoveryOptions {
  /** The folder; Prometheus reads its `*.json`. */
  folder: string;
  /** The name of its file, which tells this server from others. */
  id: string;
  /** Where Prometheus reaches it, if it listens on all interfaces. */
  host?: string;
  /** Labels for all of its series. */
  labels?: Readonly<Record<string, string>>;
}

/** Tells Prometheus by files where metrics servers are. */
export class FileDiscovery implements ServiceDiscovery {
  readonly #options: FileDiscoveryOptions;

  constructor(options: FileDiscoveryOptions) {
    this.#options = options;
  }

  async register(server: MetricsServerInfo): Promise<() => Promise<void>> {
    const { folder, id, host, labels } = this.#options;
    const { socket, https, metricsUrl } = server;
    if (metricsUrl === null || !("port" in socket)) {
      throw new TypeError(
        "Cannot register with file_sd: the server must listen on an address, " +
          "received a unix socket",
      );
    }
    const isWildcard = socket.addr === "::" || socket.addr === "0.0.0.0";
    if (isWildcard && host === undefined) {
      throw new TypeError(
        "Cannot register with file_sd: host must be given for a server on all " +
          "interfaces, received undefined",
      );
    }
    const address = host ?? socket.addr;
    const group = {
      targets: [
        `${address.includes(":") ? `[${address}]` : address}:${socket.port}`,
      ],
      labels: {
        __scheme__: https ? "https" : "http",
        __metrics_path__: new URL(metricsUrl).pathname,
        ...labels,
      },
    };
    await mkdir(folder, { recursive: true });
    const file = join(folder, `${encodeURIComponent(id)}.json`);
    // Prometheus must not read one that is half written.
    await writeFile(`${file}.new`, JSON.stringify([group]));
    await rename(`${file}.new`, file);
    return () => rm(file, { force: true });
  }
}

/** For a server on a thread, which loads this module there. */
export default (options: FileDiscoveryOptions): FileDiscovery =>
  new FileDiscovery(options);
