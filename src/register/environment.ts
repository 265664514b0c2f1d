import type { Conventions } from "../http/metric_options.ts";
import { fullName, variable } from "../runtime/variables.ts";

/** The settings of the server and of the metrics of requests. */
export interface Settings {
  readonly port: number;
  readonly addr: string;
  readonly path: string;
  readonly authFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  /** The name of the service in Consul. */
  readonly consul: string | undefined;
  readonly names: Conventions | undefined;
  readonly buckets: readonly number[] | undefined;
}

/** The port of OpenTelemetry's exporters for Prometheus. */
const PORT = 9464;

/** The names of the variables, without their prefix. */
export const NAMES = [
  "ADDR",
  "AUTH_FILE",
  "BUCKETS",
  "CONSUL",
  "DISABLED",
  "NAMES",
  "PATH",
  "PID",
  "PORT",
  "TLS_CERT",
  "TLS_KEY",
] as const;

const MAX_PORT = 65535;

/**
 * Parses the variables. Messages show values of the port, names and buckets only:
 * others may hold secrets.
 *
 * @param worker The number of this worker in its cluster: each has the next port.
 * @throws {RangeError} If one is wrong.
 */
export function parseVariables(worker = 1): Settings {
  const [certFile, keyFile] = [variable("TLS_CERT"), variable("TLS_KEY")];
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new RangeError(
      `${fullName("TLS_CERT")} and ${fullName("TLS_KEY")} must be given ` +
        "together, received one of them",
    );
  }
  const path = variable("PATH") ?? "/metrics";
  if (!/^\/[^?#]+$/.test(path)) {
    throw new RangeError(
      `${fullName("PATH")} must begin with a slash, and be more than that ` +
        "without a query",
    );
  }
  return {
    port: parsePort(variable("PORT"), worker),
    addr: variable("ADDR") ?? "",
    path,
    authFile: variable("AUTH_FILE"),
    certFile,
    keyFile,
    consul: variable("CONSUL"),
    names: parseNames(variable("NAMES")),
    buckets: parseBuckets(variable("BUCKETS")),
  };
}

function parsePort(text = String(PORT), worker: number): number {
  const first = Number(text);
  const port = first === 0 ? 0 : first + worker - 1;
  if (/^\d+$/.test(text) && port <= MAX_PORT) return port;
  const most = MAX_PORT - worker + 1;
  const why = worker === 1 ? "" : ` for worker ${worker} of a cluster`;
  throw wrong("PORT", `an integer from 0 to ${most}${why}`, text);
}

function parseNames(text: string | undefined): Settings["names"] {
  if (text === undefined || text === "prometheus") return text;
  if (text === "opentelemetry") return text;
  throw wrong("NAMES", '"prometheus" or "opentelemetry"', text);
}

function parseBuckets(text: string | undefined): Settings["buckets"] {
  if (text === undefined) return undefined;
  const bounds = text.split(",").map((each) => each.trim() && Number(each));
  const isAscending = bounds.every((bound, i) =>
    Number.isFinite(bound) && (i === 0 || bounds[i - 1] < bound)
  );
  if (isAscending) return bounds as number[];
  throw wrong("BUCKETS", "numbers that ascend, with commas between", text);
}

function wrong(name: string, requirement: string, text: string): RangeError {
  return new RangeError(
    `${fullName(name)} must be ${requirement}, received ${
      JSON.stringify(text.slice(0, 100))
    }`,
  );
}
