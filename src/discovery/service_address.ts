import { isWildcard } from "../base/address.ts";
import { quote } from "../base/describe.ts";
import { ConsulError } from "../errors.ts";
import { localAddressTo } from "../runtime/sockets.ts";
import type { MetricsServerInfo } from "../types.ts";
import { innermostMessage } from "./agent_client.ts";
import type { ConsulApi } from "./consul_api.ts";
import type { ConsulSettings } from "./consul_settings.ts";
import { mayPass } from "./retry.ts";
import type { ServiceAddress } from "./service_definition.ts";

/**
 * Finds the address at which others reach a server. If it listens on all
 * interfaces, that is the address that an agent on this machine announces, or the
 * one from which this machine reaches an agent elsewhere.
 *
 * @throws {TypeError} If there is no such address, as on a unix socket.
 * @throws {ConsulError} If the agent does not answer.
 */
export async function findAddress(
  settings: ConsulSettings,
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
  const isHere = local === "::1" || local.startsWith("127.");
  const self = isHere ? await api.self(signal).catch(allowUnknown) : undefined;
  const reached = isHere ? self?.address ?? "" : local;
  if (addr.includes(".") && reached.includes(":")) {
    throw new TypeError(
      `Cannot register ${api.service}: a server that listens on ${addr} must ` +
        `be reached by IPv4, received the address ${
          quote(reached)
        }; listen on all ` +
        'interfaces with addr: "", or pass advertise',
    );
  }
  // With all interfaces the server listens on loopback as well.
  return { address: reached, checkAddress: isHere ? "127.0.0.1" : local, port };
}

/** Finds the address from which this machine reaches the agent. */
async function findLocalAddress(
  { agent, fetch }: ConsulSettings,
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
      // Even if that fetch reaches the agent, the way back is not known.
      await api.self(signal).catch(allowUnknown);
      throw new TypeError(
        `Cannot register ${api.service}: advertise.address ` +
          "must be given if only a fetch of your own reaches the agent, " +
          "received undefined",
      );
    }
    throw api.client.error(
      `register ${api.service}`,
      `it must answer, received ${quote(innermostMessage(cause))}`,
      { cause },
    );
  }
}

/** Allows that the token may not read the agent's description. */
function allowUnknown(error: unknown): undefined {
  const isForbidden = error instanceof ConsulError && error.status === 403;
  if (isForbidden && !mayPass(error)) return undefined;
  throw error;
}
