import { describe } from "../describe.ts";
import {
  defined,
  MAX_TIMER_MS,
  requireNumber,
  requireObject,
  requireTexts,
  requireType,
} from "../require.ts";
import { readEnvironment } from "../runtime/environment.ts";
import type { Fetch } from "../runtime/types.ts";
import { type AgentAddress, readAddress } from "./agent_address.ts";
import { readAdvertise } from "./consul_advertise.ts";
import { type CheckSettings, readCheck } from "./consul_check.ts";
import type {
  ConsulAdvertiseOptions,
  ConsulAgentOptions,
} from "./consul_options.ts";
import { type ConsulTlsSettings, readTls } from "./consul_tls.ts";
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

/** All settings of an agent, with its functions. */
export interface AgentSettings extends ConsulSettings {
  readonly token: TokenSource;
  readonly fetch: Fetch | undefined;
}

const ACTION = "make a Consul agent";

const DEFAULT_ADDRESS = "http://127.0.0.1:8500";

const DEFAULT_TIMEOUT_MS = 5000;

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

/**
 * Copies the options, with their defaults, and refuses what they cannot be.
 *
 * @throws {TypeError} If one is of the wrong type, or not known.
 * @throws {RangeError} If one is not what it may be.
 */
export function readConsulOptions(options: ConsulAgentOptions): AgentSettings {
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
  requireTexts(ACTION, { name, serviceId });
  requirePathSegments(serviceId);
  requireTexts(ACTION, defined({ namespace, partition, datacenter }));
  requireType(ACTION, "boolean", { deregister, required });
  requireNumber(ACTION, { timeout }, 1, MAX_TIMER_MS);
  requireType(ACTION, "function", defined({ fetch }));
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
  const { token = readEnvironment("CONSUL_HTTP_TOKEN") } = options;
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
    check: readCheck(ACTION, check),
    advertise: readAdvertise(ACTION, advertise),
    tls,
    timeout,
    required,
    token: typeof token === "function" ? token : requireToken(ACTION, token),
    fetch,
  };
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
