import { describe } from "../base/describe.ts";
import { type Given, refusal } from "../base/checks.ts";
import * as rule from "../base/rules.ts";
import { fromEnvironment } from "../runtime/host.ts";
import type { Fetch } from "../runtime/types.ts";
import { MAX_TIMER_MS } from "../runtime/wait.ts";
import type {
  ConsulAdvertiseOptions,
  ConsulAgentOptions,
  ConsulCheckOptions,
  ConsulTlsOptions,
} from "./consul_options.ts";
import {
  type AgentAddress,
  parseAgentAddress,
  parseDuration,
  parseMeta,
  parseReachable,
  parseTags,
  requireDuration,
  requireServiceId,
} from "./consul_values.ts";
import { parseToken, type TokenSource } from "./token.ts";

/** A check; the times are in milliseconds. */
interface CheckSettings {
  readonly type: "http" | "ttl" | undefined;
  readonly interval: number;
  readonly timeout: number;
  readonly deregisterCriticalServiceAfter: string | undefined;
  readonly tlsSkipVerify: boolean;
}

/** Options as they are used: data alone, which may cross to another thread. */
export interface CloneableSettings {
  readonly name: string;
  readonly serviceId: string;
  readonly tags: readonly string[];
  readonly meta: Readonly<Record<string, string>>;
  readonly agent: AgentAddress;
  readonly deregister: boolean;
  readonly namespace?: string;
  readonly partition?: string;
  readonly datacenter?: string;
  readonly check: CheckSettings;
  readonly advertise: Readonly<ConsulAdvertiseOptions>;
  readonly tls?: Readonly<ConsulTlsOptions>;
  /** In milliseconds. */
  readonly timeout: number;
  readonly required: boolean;
}

/** All settings of an agent, with its functions. */
export interface ConsulSettings extends CloneableSettings {
  readonly token: TokenSource;
  readonly fetch: Fetch | undefined;
}

const ACTION = "make a Consul agent";

/** Consul goes no lower. */
const MIN_INTERVAL_MS = 1000;

const CHECK_RULES = {
  type: rule.parsed(parseCheckType),
  interval: rule.parsed((given) => {
    const ms = parseDuration(requireDuration(given, MIN_INTERVAL_MS));
    // A timer waits for it.
    return Math.min(ms, MAX_TIMER_MS);
  }, "10s"),
  timeout: rule.parsed((given) => parseDuration(requireDuration(given)), "10s"),
  deregisterCriticalServiceAfter: rule.parsed(requireDuration),
  tlsSkipVerify: rule.boolean(false),
} satisfies rule.RuleOfEach<ConsulCheckOptions>;

const ADVERTISE_RULES = {
  address: rule.parsed(parseReachable),
  port: rule.integer(1, 65535),
} satisfies rule.RuleOfEach<ConsulAdvertiseOptions>;

const TLS_RULES = {
  ca: rule.secret(),
  caFile: rule.credentialFile(),
  cert: rule.secret(),
  certFile: rule.credentialFile(),
  key: rule.secret(),
  keyFile: rule.credentialFile(),
} satisfies rule.RuleOfEach<ConsulTlsOptions>;

/** The parts of a client's credentials, each of them a text or a file. */
export const TLS_PARTS = ["ca", "cert", "key"] as const;

const ADDRESS: rule.Rule<AgentAddress> = {
  // Only where it is needed: on Deno it takes a permission.
  get fallback() {
    return fromEnvironment("CONSUL_HTTP_ADDR") ?? "http://127.0.0.1:8500";
  },
  parse: parseAgentAddress,
};

const TOKEN: rule.Rule<TokenSource> = {
  get fallback() {
    return fromEnvironment("CONSUL_HTTP_TOKEN");
  },
  parse: (given) =>
    typeof given.value === "function"
      ? given.value as () => string
      : parseToken(given),
};

const RULES = {
  name: rule.words("app-metrics"),
  serviceId: rule.words(),
  tags: rule.parsed(parseTags, []),
  meta: rule.parsed(parseMeta, {}),
  address: ADDRESS,
  token: TOKEN,
  deregister: rule.boolean(true),
  namespace: rule.words(),
  partition: rule.words(),
  datacenter: rule.words(),
  check: rule.table(CHECK_RULES),
  advertise: rule.table(ADVERTISE_RULES),
  fetch: rule.callback<Fetch>(),
  tls: rule.parsed(parseTls),
  timeout: rule.number(1, MAX_TIMER_MS, 5000),
  required: rule.boolean(true),
} satisfies rule.RuleOfEach<ConsulAgentOptions>;

/** Checks the options of an agent, and copies them with their defaults. */
export function parseConsulOptions(
  options: ConsulAgentOptions,
): ConsulSettings {
  const { address: agent, ...settings } = rule.check(
    ACTION,
    "options",
    options,
    RULES,
  );
  const { name, serviceId = name, tls, fetch } = settings;
  requireServiceId({ action: ACTION, name: "serviceId", value: serviceId });
  if (tls !== undefined && !agent.root.startsWith("https:")) {
    throw new RangeError(
      `Cannot ${ACTION}: address must be https: to be asked with tls, ` +
        `received ${describe(agent.name)}`,
    );
  }
  if (fetch !== undefined && (tls ?? agent.unix) !== undefined) {
    throw new TypeError(
      `Cannot ${ACTION}: fetch cannot be combined with tls or a unix: address; ` +
        "configure them in fetch",
    );
  }
  return { ...settings, serviceId, agent };
}

function parseTls(given: Given): Readonly<ConsulTlsOptions> {
  const tls = rule.table(TLS_RULES).parse(given);
  for (const part of TLS_PARTS) {
    if (tls[part] === undefined || tls[`${part}File`] === undefined) continue;
    const requirement = `must have either ${part} or ${part}File`;
    throw refusal(TypeError, given, requirement, "both");
  }
  const hasCert = (tls.cert ?? tls.certFile) !== undefined;
  if (hasCert === ((tls.key ?? tls.keyFile) !== undefined)) return tls;
  const requirement = "must have a certificate together with its key";
  const received = `${hasCert ? "the certificate" : "the key"} alone`;
  throw refusal(TypeError, given, requirement, received);
}

function parseCheckType(given: Given): "http" | "ttl" {
  if (given.value === "http" || given.value === "ttl") return given.value;
  throw refusal(RangeError, given, 'must be "http" or "ttl"');
}
