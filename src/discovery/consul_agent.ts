import type {
  DiscoveryContext,
  MetricsServerInfo,
  ServiceDiscovery,
} from "../types.ts";
import { requireVersion } from "../runtime/host.ts";
import type { ConsulAgentOptions } from "./consul_options.ts";
import { Registration } from "./registration.ts";
import { type ConsulSettings, parseConsulOptions } from "./consul_settings.ts";

const NOBODY: DiscoveryContext = { onError() {}, onChange() {} };

let privateSettings: (agent: object) => ConsulSettings | undefined;

/**
 * Registers a metrics server with a Consul agent, so that Prometheus finds it.
 *
 * If the agent forgets the service, as after a restart, it is registered again
 * within one interval. If another process takes the id, that process keeps it: each
 * process needs a `serviceId` of its own. When the server closes, the service is
 * deregistered.
 *
 * The constructor reads the environment, unless `address` and `token` are given.
 * Several servers may share an agent only if they do not run at the same time.
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
 *     // Without an agent, as here, the server runs all the same.
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
  readonly #settings: ConsulSettings;

  static {
    privateSettings = (agent) =>
      #settings in agent ? agent.#settings : undefined;
  }

  /**
   * Makes an agent; it is not asked yet.
   *
   * @param options What to register, and with which agent.
   * @throws {TypeError} If an option is of the wrong type, or not known.
   * @throws {RangeError} If an option, or the environment's value for it, is out of
   * its range.
   */
  constructor(options: ConsulAgentOptions = {}) {
    requireVersion("make ConsulAgent");
    this.#settings = parseConsulOptions(options);
  }

  /**
   * Registers a server that listens, and keeps it registered.
   *
   * @param server Where it listens.
   * @param context Takes what happens from then on.
   * @returns A function that ends that, and deregisters the server.
   * @throws {ConsulError} If the agent refuses, with its words; if it is `required`
   * and does not answer, or another server does, after three attempts or `timeout`.
   * @throws {TypeError} If others cannot reach the server, as on a unix socket
   * without `advertise`.
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
 * The settings of an agent; `undefined` for anything else, also for a derived class
 * and an agent with a `register` of its own, which may do more than settings say.
 */
export function settingsOf(agent: object): ConsulSettings | undefined {
  const isPlain = Object.getPrototypeOf(agent) === ConsulAgent.prototype &&
    !Object.hasOwn(agent, "register");
  return isPlain ? privateSettings(agent) : undefined;
}
