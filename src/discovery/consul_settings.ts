import { describe } from "../describe.ts";
import {
  MAX_TIMER_MS,
  requireNumber,
  requireObject,
  requireType,
} from "../require.ts";
import { readEnvironment } from "../runtime/environment.ts";
import type { Fetch } from "../runtime/types.ts";
import { type AgentAddress, readAddress } from "./agent_address.ts";
import type {
  ConsulAdvertiseOptions,
  ConsulAgentOptions,
  ConsulCheckOptions,
} from "./consul_options.ts";
import { type ConsulTlsSettings, readTls } from "./consul_tls.ts";
import { parseDuration } from "./duration.ts";
import { requireToken, type TokenSource } from "./token.ts";

/** Options as they are used: data alone, which may cross to another thread. */
export interface ConsulSettings {
  readonly name: string;
  readonly serviceId: string;
  readonly tags: readonly string[];
  readonly meta: Readonly<Record<string, string>>;
  readonly agent: AgentAddress;
  readonly deregister: boolean;
  readonly namespace: string | undefined;
  readonly partition: string | undefined;
  readonly datacenter: string | undefined;
  readonly check: CheckSettings;
  readonly advertise: ConsulAdvertiseOptions;
  readonly tls: ConsulTlsSettings | undefined;
  /** In milliseconds. */
  readonly timeout: number;
  readonly required: boolean;
}

/** A check; the times are in milliseconds. */
interface CheckSettings {
  readonly type: "http" | "ttl" | undefined;
  readonly interval: number;
  readonly timeout: number;
  readonly deregisterCriticalServiceAfter: string | undefined;
  readonly tlsSkipVerify: boolean;
}

/** What is not data. */
export interface ConsulFunctions {
  readonly token: TokenSource;
  readonly fetch: Fetch | undefined;
}

const ACTION = "make a Consul agent";

const DEFAULT_ADDRESS = "http://127.0.0.1:8500";

const DEFAULT_TIMEOUT_MS = 5000;

/** Below that Consul does not go. */
const MIN_INTERVAL_MS = 1000;

/** The longest duration that Go can hold: 2 ** 63 nanoseconds. */
const MAX_DURATION_MS = 2 ** 63 / 1e6;

/** The names of all options: a service must not lack what was asked for. */
const KNOWN: Readonly<Record<keyof ConsulAgentOptions, true>> = {
  name: true,
  serviceId: true,
  tags: true,
  meta: true,
  address: true,
  token: true,
  deregister: true,
  namespace: true,
  partition: true,
  datacenter: true,
  check: true,
  advertise: true,
  fetch: true,
  tls: true,
  timeout: true,
  required: true,
};

const KNOWN_OF_CHECK: Readonly<Record<keyof ConsulCheckOptions, true>> = {
  type: true,
  interval: true,
  timeout: true,
  deregisterCriticalServiceAfter: true,
  tlsSkipVerify: true,
};

/**
 * Copies the options, with their defaults, and refuses what they cannot be.
 *
 * @throws {TypeError} If one is of the wrong type, or not known.
 * @throws {RangeError} If one is not what it may be.
 */
export function readConsulOptions(
  options: ConsulAgentOptions,
): ConsulSettings & ConsulFunctions {
  requireObject(ACTION, "options", options, Object.keys(KNOWN));
  const {
    name = "app-metrics",
    serviceId = name,
    tags = [],
    meta = {},
    deregister = true,
    namespace,
    partition,
    datacenter,
    check = {},
    advertise = {},
    fetch,
    timeout = DEFAULT_TIMEOUT_MS,
    required = true,
  } = options;
  requireTexts({ name, serviceId });
  requirePathSegments(serviceId);
  requireTexts(defined({ namespace, partition, datacenter }));
  requireType(ACTION, "boolean", { deregister, required });
  requireNumber(ACTION, { timeout }, 1, MAX_TIMER_MS);
  if (fetch !== undefined) requireType(ACTION, "function", { fetch });
  const { address = readEnvironment("CONSUL_HTTP_ADDR") ?? DEFAULT_ADDRESS } =
    options;
  requireType(ACTION, "string", { address });
  const agent = readAddress(ACTION, address);
  const tls = options.tls === undefined
    ? undefined
    : readTls(ACTION, options.tls);
  if (tls !== undefined && !agent.root.startsWith("https:")) {
    throw new RangeError(
      `Cannot ${ACTION}: address must be https: to be asked with tls, ` +
        `received ${describe(agent.name)}`,
    );
  }
  if (fetch !== undefined && (tls ?? agent.unix) !== undefined) {
    throw new TypeError(
      `Cannot ${ACTION}: fetch must come without tls and with no address of a ` +
        "unix socket, which are for it to know, received both",
    );
  }
  return {
    name,
    serviceId,
    tags: readTags(tags),
    meta: readMeta(meta),
    agent,
    deregister,
    namespace,
    partition,
    datacenter,
    check: readCheck(check),
    advertise: readAdvertise(advertise),
    tls,
    timeout,
    required,
    token: readToken(options.token),
    fetch,
  };
}

function readToken(given: ConsulAgentOptions["token"]) {
  if (typeof given === "function") return given;
  return requireToken(
    ACTION,
    given === undefined ? readEnvironment("CONSUL_HTTP_TOKEN") : given,
  );
}

function readTags(tags: readonly string[]): string[] {
  const isGood = Array.isArray(tags) &&
    tags.every((tag) => typeof tag === "string");
  if (isGood) return [...tags];
  throw new TypeError(
    `Cannot ${ACTION}: tags must be an array of strings, received ` +
      describe(tags),
  );
}

function readMeta(
  meta: Readonly<Record<string, string>>,
): Record<string, string> {
  requireObject(ACTION, "meta", meta);
  for (const [name, value] of Object.entries(meta)) {
    requireType(ACTION, "string", { [`meta.${name}`]: value });
  }
  return { ...meta };
}

function readCheck(check: ConsulCheckOptions): CheckSettings {
  requireObject(ACTION, "check", check, Object.keys(KNOWN_OF_CHECK));
  const {
    type,
    interval = "10s",
    timeout = "10s",
    deregisterCriticalServiceAfter,
    tlsSkipVerify = false,
  } = check;
  if (type !== undefined && type !== "http" && type !== "ttl") {
    throw new RangeError(
      `Cannot ${ACTION}: check.type must be "http" or "ttl", received ` +
        describe(type),
    );
  }
  requireType(ACTION, "boolean", { "check.tlsSkipVerify": tlsSkipVerify });
  if (deregisterCriticalServiceAfter !== undefined) {
    readDuration(
      "check.deregisterCriticalServiceAfter",
      deregisterCriticalServiceAfter,
    );
  }
  return {
    type,
    // It is a timer, too.
    interval: Math.min(
      readDuration("check.interval", interval, MIN_INTERVAL_MS),
      MAX_TIMER_MS,
    ),
    timeout: readDuration("check.timeout", timeout),
    deregisterCriticalServiceAfter,
    tlsSkipVerify,
  };
}

function readDuration(name: string, given: unknown, min = 1): number {
  requireType(ACTION, "string", { [name]: given });
  const ms = parseDuration(given as string);
  if (ms >= min && ms <= MAX_DURATION_MS) return ms;
  throw new RangeError(
    `Cannot ${ACTION}: ${name} must be a duration such as "10s", of ${min} ms ` +
      `at least, received ${describe(given)}`,
  );
}

function readAdvertise(
  advertise: ConsulAdvertiseOptions,
): ConsulAdvertiseOptions {
  requireObject(ACTION, "advertise", advertise, ["address", "port"]);
  const { address, port } = advertise;
  if (address !== undefined) {
    requireTexts({ "advertise.address": address });
    if (!isReachable(address)) {
      throw new RangeError(
        `Cannot ${ACTION}: advertise.address must be an IP address or a host ` +
          "name, without port and brackets, that others can reach, received " +
          describe(address),
      );
    }
  }
  if (port !== undefined) {
    requireNumber(ACTION, { "advertise.port": port }, 1, 65535);
    if (!Number.isInteger(port)) {
      throw new RangeError(
        `Cannot ${ACTION}: advertise.port must be an integer, received ${port}`,
      );
    }
  }
  return { address, port };
}

/** What a wildcard address looks like in a URL, however it was written. */
const WILDCARDS: readonly unknown[] = ["0.0.0.0", "[::]", "[::ffff:0:0]"];

/** Whether something is an address, or the name of a host, and nothing more. */
function isReachable(address: string): boolean {
  const host = address.includes(":")
    // URLs have no zones.
    ? `[${address.replace(/%[\w.-]+$/, "")}]`
    : address;
  const url = /[\s/?#@\\]/.test(host) ? null : URL.parse(`http://${host}/`);
  return url !== null && !WILDCARDS.includes(url.hostname);
}

/**
 * Requires an id that agents find again: what is in their paths is cleaned, even
 * if it was escaped.
 */
function requirePathSegments(serviceId: string): void {
  const segments = serviceId.split("/");
  if (!segments.some((segment) => /^\.{0,2}$/.test(segment))) return;
  throw new RangeError(
    `Cannot ${ACTION}: serviceId must be without "//", "." and ".." between ` +
      `slashes, and without a slash at its ends, received ${
        describe(serviceId)
      }`,
  );
}

function requireTexts(options: Readonly<Record<string, unknown>>): void {
  requireType(ACTION, "string", options);
  for (const [name, text] of Object.entries(options)) {
    if (text !== "") continue;
    throw new RangeError(
      `Cannot ${ACTION}: ${name} must not be empty, received ""`,
    );
  }
}

/** The options that are given. */
function defined(
  options: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  );
}
