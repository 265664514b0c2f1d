import { hostInUrl } from "../base/address.ts";
import type { MetricsServerInfo } from "../types.ts";
import type { CloneableSettings } from "./consul_settings.ts";
import { formatDuration } from "./consul_values.ts";

/** A service as `PUT /v1/agent/service/register` takes it, by Consul's names. */
export interface ServiceDefinition {
  readonly ID: string;
  readonly Name: string;
  readonly Tags: readonly string[];
  readonly Meta: Readonly<Record<string, string>>;
  readonly Address: string;
  readonly Port: number;
  readonly Check: Readonly<Record<string, string | boolean>>;
}

/** Where a service is reached, by others and by its agent. */
export interface ServiceAddress {
  /** The address to register; empty for that of the agent's machine. */
  readonly address: string;
  /** The address that the agent's check goes to. */
  readonly checkAddress: string;
  readonly port: number;
}

/** Whether the server sends heartbeats. */
export function usesTtl(
  { check: { type } }: CloneableSettings,
  { mutualTls, healthUrl }: MetricsServerInfo,
): boolean {
  if (type === undefined) return mutualTls || healthUrl === null;
  return type === "ttl";
}

/**
 * The id of a service's check by heartbeats. The default id is an HTTP check's: an
 * agent that is given another kind under the same id goes on with the old one.
 */
export function ttlCheckId(serviceId: string): string {
  return `service:${serviceId}:ttl`;
}

/**
 * Defines the service of a server.
 *
 * @throws {TypeError} If the agent cannot make the check.
 */
export function defineService(
  settings: CloneableSettings,
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
          // Registering is the first heartbeat.
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
