import type { AddressInfo, Server } from "node:net";
import type { ListenAddress } from "./types.ts";

/** Binds a server of Node's; yields the address that it has got. */
export async function bind(
  server: Server,
  address: ListenAddress,
): Promise<ListenAddress> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    const onListening = () => {
      server.off("error", reject);
      resolve();
    };
    // In a worker of a cluster, too, which else would share one with the others,
    // a free port as well.
    const exclusive = true;
    if ("path" in address) {
      server.listen({ path: address.path, exclusive }, onListening);
    } else {
      const { hostname: host, port } = address;
      server.listen({ host, port, exclusive }, onListening);
    }
  });
  if ("path" in address) return address;
  const bound = server.address() as AddressInfo;
  return { hostname: bound.address, port: bound.port };
}
