/** Servers that are registered with a Consul agent, or must not start. */
import {
  ConsulAgent,
  type ConsulAgentOptions,
} from "../../src/discovery/mod.ts";
import {
  type MetricsHttpServer,
  startHttpServer,
  type StartHttpServerOptions,
} from "../../src/server/mod.ts";
import { assertRejects } from "@std/assert";
import * as client from "prom-client";
import { assertFree } from "../server/_servers.ts";
import type { Consul } from "./_consul.ts";

/** The shortest interval that there is, and no token from the environment. */
export const OFTEN = { token: "", check: { interval: "1s", timeout: "5s" } };

/** Options of a server that is registered with an agent. */
export function registering(
  consul: Pick<Consul, "url">,
  options: ConsulAgentOptions = {},
  more: StartHttpServerOptions = {},
): StartHttpServerOptions {
  return {
    addr: "127.0.0.1",
    serviceDiscovery: new ConsulAgent({
      address: consul.url,
      ...OFTEN,
      ...options,
    }),
    registry: new client.Registry(),
    ...more,
  };
}

/** Starts a server that must not start; yields why, if nothing is left. */
export async function refusal(options: StartHttpServerOptions): Promise<Error> {
  let port = 0;
  const { serviceDiscovery } = options;
  const error = await assertRejects(
    () =>
      startHttpServer({
        ...options,
        serviceDiscovery: {
          register(server, context) {
            port = (server as MetricsHttpServer).socket.port;
            return serviceDiscovery!.register(server, context);
          },
        },
      }),
    Error,
  );
  await assertFree("127.0.0.1", port);
  return error;
}

/** Runs `fn`, which may start servers; those that it leaves are closed. */
export async function withServers(
  fn: (start: typeof startHttpServer) => Promise<void>,
): Promise<void> {
  const started: MetricsHttpServer[] = [];
  const start = async (options?: StartHttpServerOptions) => {
    const server = await startHttpServer(options);
    started.push(server);
    return server;
  };
  try {
    await fn(start as typeof startHttpServer);
  } finally {
    await Promise.all(started.map((server) => server.close(0)));
  }
}

/** Whether a service is known: to its agent by the id, and by `isRegistered`. */
export async function knowing(
  consul: Consul,
  server: { isRegistered: boolean },
): Promise<[string[], boolean]> {
  return [Object.keys(await consul.services()), server.isRegistered];
}
