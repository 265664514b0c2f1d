import { isWildcard } from "../address.ts";
import { ConsulError } from "../errors.ts";
import { localAddressTo } from "../runtime/local_address.ts";
import type { MetricsServerInfo } from "../types.ts";
import type { ConsulApi } from "./consul_api.ts";
import type { AgentSettings } from "./consul_settings.ts";
import { reasonOf } from "./agent_words.ts";
import type { ServiceAddress } from "./service_definition.ts";

/**
 * Finds out where a server is reached. Where it listens on all interfaces that is
 * no question of its own address, which nobody could go to: an agent on this
 * machine has announced one, another agent reaches the address from which it is
 * reached.
 *
 * @throws {TypeError} If it cannot be reached at any address, as on a unix socket.
 * @throws {ConsulError} If the agent does not answer.
 */
export async function findAddress(
  settings: AgentSettings,
  { socket }: MetricsServerInfo,
  api: ConsulApi,
  signal: AbortSignal,
): Promise<ServiceAddress> {
  const { address, port = "port" in socket ? socket.port : undefined } =
    settings.advertise;
  if (address !== undefined && port !== undefined) {
    return { address, checkAddress: address, port };
  }
  if ("path" in socket || port === undefined) {
    throw new TypeError(
      `Cannot register ${api.service}: a server ` +
        "must be reached at an address and a port, received a unix socket; " +
        "where a proxy has both, pass them as advertise",
    );
  }
  const { addr } = socket;
  if (!isWildcard(addr)) return { address: addr, checkAddress: addr, port };
  const local = await findLocalAddress(settings, api, signal);
  if (!isLoopback(local)) {
    requireReachable(api, local, addr);
    return { address: local, checkAddress: local, port };
  }
  const announced = await announcedAddress(api, signal);
  requireReachable(api, announced, addr);
  // The agent is here, and loopback is listened on, too.
  return { address: announced, checkAddress: "127.0.0.1", port };
}

/** Which of this machine's addresses the agent is reached from. */
async function findLocalAddress(
  { agent, fetch }: AgentSettings,
  api: ConsulApi,
  signal: AbortSignal,
): Promise<string> {
  if (agent.unix !== undefined) return "127.0.0.1";
  const { hostname, port, protocol } = new URL(agent.root);
  try {
    return await localAddressTo({
      hostname: hostname.replace(/^\[(.*)\]$/, "$1"),
      port: Number(port) || (protocol === "https:" ? 443 : 80),
    }, signal);
  } catch (cause) {
    if (fetch !== undefined && !signal.aborted) {
      // If its own way leads there, nothing is known of the way back.
      await api.self(signal).catch(allowUnknown);
      throw new TypeError(
        `Cannot register ${api.service}: advertise.address ` +
          "must be given where the agent is reached by a fetch of one's own " +
          "alone, received undefined",
      );
    }
    throw api.client.error(
      `register ${api.service}`,
      `it must answer, received ${JSON.stringify(reasonOf(cause))}`,
      { cause },
    );
  }
}

/** What the agent has announced; empty if the token may not know. */
async function announcedAddress(
  api: ConsulApi,
  signal: AbortSignal,
): Promise<string> {
  const self = await api.self(signal).catch(allowUnknown);
  return self?.address ?? "";
}

/** Takes it that a token may not know an agent. */
function allowUnknown(error: unknown): undefined {
  if (error instanceof ConsulError && error.status === 403) return undefined;
  throw error;
}

/** Requires a server on all interfaces of IPv4 to be reached by that. */
function requireReachable(
  api: ConsulApi,
  address: string,
  listened: string,
): void {
  if (listened.includes(":") || !address.includes(":")) return;
  throw new TypeError(
    `Cannot register ${api.service}: a server that ` +
      `listens on ${listened} must be reached by IPv4, received the address ` +
      `${address}; listen on all interfaces with addr: "", or pass advertise`,
  );
}

function isLoopback(address: string): boolean {
  return address === "::1" || address.startsWith("127.");
}
