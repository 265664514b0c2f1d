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
    if ("path" in address) server.listen(address.path, onListening);
    else server.listen(address.port, address.hostname, onListening);
  });
  if ("path" in address) return address;
  const bound = server.address() as AddressInfo;
  return { hostname: bound.address, port: bound.port };
}
