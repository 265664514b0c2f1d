import { once } from "node:events";
import type { AddressInfo, Server } from "node:net";
import type { ListenAddress } from "./types.ts";

/** Binds a server of Node's; yields the address that it has got. */
export async function bind(
  server: Server,
  address: ListenAddress,
): Promise<ListenAddress> {
  const listening = once(server, "listening");
  server.listen({
    ..."path" in address
      ? { path: address.path }
      : { host: address.hostname, port: address.port },
    // Workers of a cluster would else share a socket, even one on port 0.
    exclusive: true,
  });
  await listening;
  if ("path" in address) return address;
  const bound = server.address() as AddressInfo;
  return { hostname: bound.address, port: bound.port };
}
