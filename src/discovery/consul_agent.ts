import type {
  DiscoveryContext,
  MetricsServerInfo,
  ServiceDiscovery,
} from "../types.ts";
import type { ConsulAgentOptions } from "./consul_options.ts";
import { type AgentSettings, readConsulOptions } from "./consul_settings.ts";
import { Registration } from "./registration.ts";

const NOBODY: DiscoveryContext = { onError() {}, onChange() {} };

let read: (agent: object) => AgentSettings | undefined;

/**
 * Registers a metrics server with a Consul agent, so that Prometheus finds it.
 *
 * It loses nothing on the way: if the agent forgets the service, as one that
 * restarts may, it is registered anew within one interval. If another process
 * takes the id, it has it: each process needs a `serviceId` of its own. When the
 * server closes, the service is deregistered.
 *
 * Making one reads the environment, unless `address` and `token` are given. One
 * may be used for several servers only if these do not run at the same time.
 *
 * @example Registering a metrics server
 * ```ts
 * import { ConsulAgent, startHttpServer } from "@prometheus-async/prometheus-async";
 *
 * const server = await startHttpServer({
 *   serviceDiscovery: new ConsulAgent({
 *     name: "shop",
 *     serviceId: "shop-1",
 *     tags: ["v2"],
 *     // Where there is no agent, as here, the server runs all the same.
 *     required: false,
 *   }),
 *   onError: (error) => console.warn(String(error)),
 * });
 *
 * console.log(server.isRegistered);
 * await server.close();
 * ```
 */
export class ConsulAgent implements ServiceDiscovery {
  readonly #settings: AgentSettings;

  static {
    read = (agent) => #settings in agent ? agent.#settings : undefined;
  }

  /**
   * Makes an agent; nothing is asked of it yet.
   *
   * @param options What to register, and with whom.
   * @throws {TypeError} If an option is of the wrong type, or not known.
   * @throws {RangeError} If an option, or what the environment has for it, is not
   * what it may be.
   */
  constructor(options: ConsulAgentOptions = {}) {
    this.#settings = readConsulOptions(options);
  }

  /**
   * Registers a server that listens, and keeps it registered.
   *
   * @param server Where it listens.
   * @param context Takes what happens from then on; without it nobody is told.
   * @returns What ends that, and deregisters the server.
   * @throws {ConsulError} If the agent refuses, with its words; if it does not
   * answer, after three attempts or `timeout`, unless it is not `required`.
   * @throws {TypeError} If the server cannot be reached by others, as on a unix
   * socket without `advertise`.
   * @throws {RangeError} If the agent belongs to another `datacenter`.
   * @throws {TlsError} If the credentials in `tls` cannot be used.
   * @throws What `token` throws.
   */
  async register(
    server: MetricsServerInfo,
    context: DiscoveryContext = NOBODY,
  ): Promise<() => Promise<void>> {
    return await new Registration(this.#settings, server, context).begin();
  }
}

/**
 * The settings of an agent; `undefined` of anything else, also of one that is
 * derived from it or has a `register` of its own, and may do more than they say.
 */
export function settingsOf(agent: object): AgentSettings | undefined {
  const isPlain = Object.getPrototypeOf(agent) === ConsulAgent.prototype &&
    !Object.hasOwn(agent, "register");
  return isPlain ? read(agent) : undefined;
}
