import { hostInUrl } from "../address.ts";
import type { MetricsServerInfo } from "../types.ts";
import type { ConsulSettings } from "./consul_settings.ts";
import { formatDuration } from "./duration.ts";

/**
 * A service as `PUT /v1/agent/service/register` takes it. The names are Consul's.
 */
export interface ServiceDefinition {
  readonly ID: string;
  readonly Name: string;
  readonly Tags: readonly string[];
  readonly Meta: Readonly<Record<string, string>>;
  readonly Address: string;
  readonly Port: number;
  readonly Check: Readonly<Record<string, string | boolean>>;
}

/** Where a service is reached: by all others, and by its agent. */
export interface ServiceAddress {
  /** The address to register; empty for that of the agent's machine. */
  readonly address: string;
  /** The address that the agent's check goes to. */
  readonly checkAddress: string;
  readonly port: number;
}

/** Whether the server sends heartbeats. */
export function usesTtl(
  { check: { type } }: ConsulSettings,
  { mutualTls, healthUrl }: MetricsServerInfo,
): boolean {
  if (type === undefined) return mutualTls || healthUrl === null;
  return type === "ttl";
}

/**
 * The id of a service's check by heartbeats. It is not the default one, which an
 * HTTP check has: an agent that exchanges one for the other under the same id
 * goes on with the old one.
 */
export function ttlCheckId(serviceId: string): string {
  return `service:${serviceId}:ttl`;
}

/**
 * Makes the definition of a server's service.
 *
 * @throws {TypeError} If its check cannot be made.
 */
export function defineService(
  settings: ConsulSettings,
  server: MetricsServerInfo,
  { address, checkAddress, port }: ServiceAddress,
): ServiceDefinition {
  const { name, serviceId, tags, meta, check } = settings;
  const { deregisterCriticalServiceAfter } = check;
  return {
    ID: serviceId,
    Name: name,
    Tags: tags,
    Meta: meta,
    Address: address,
    Port: port,
    Check: {
      ...usesTtl(settings, server)
        ? {
          CheckID: ttlCheckId(serviceId),
          TTL: formatDuration(check.interval + check.timeout),
          // This is the first heartbeat.
          Status: "passing",
        }
        : {
          HTTP: healthUrlAt(checkAddress, port, server),
          Interval: formatDuration(check.interval),
          Timeout: formatDuration(check.timeout),
          TLSSkipVerify: check.tlsSkipVerify,
        },
      ...deregisterCriticalServiceAfter !== undefined && {
        DeregisterCriticalServiceAfter: deregisterCriticalServiceAfter,
      },
    },
  };
}

function healthUrlAt(
  address: string,
  port: number,
  { healthUrl }: MetricsServerInfo,
): string {
  if (healthUrl === null) {
    throw new TypeError(
      "Cannot register server on a unix socket: check.type must be " +
        '"ttl", received "http", for which it has no URL',
    );
  }
  const url = new URL(healthUrl);
  return `${url.protocol}//${hostInUrl(address)}:${port}${url.pathname}`;
}
