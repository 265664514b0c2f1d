import { ListenError, UnsupportedOptionError } from "../errors.ts";
import { loadRuntime } from "./detect.ts";
import type { Listener, ListenOptions, Runtime } from "./types.ts";
import { makeRoom, socketRemover } from "./unix_socket.ts";

/**
 * Binds a socket on whatever runtime this is.
 *
 * An empty `hostname` is every interface: IPv6 and IPv4 on one socket where the
 * system has both, else IPv4 alone. The file of a unix socket that is left from
 * a server that is gone is replaced; it is removed when this one closes.
 *
 * @throws {ListenError} If the socket cannot be bound.
 * @throws {UnsupportedOptionError} If the runtime cannot do what is asked for.
 */
export async function listen(
  options: ListenOptions,
  runtime?: Pick<Runtime, "listen">,
): Promise<Listener> {
  const { listen } = runtime ?? await loadRuntime();
  const { address } = options;
  try {
    if ("path" in address) return await listenOnFile(address.path);
    if (address.hostname !== "") return await listen(options);
    const { port } = address;
    return await listen({ ...options, address: { hostname: "::", port } })
      .catch((error) => {
        if (!WITHOUT_IPV6.includes(error.code)) throw error;
        const address = { hostname: "0.0.0.0", port };
        return listen({ ...options, address });
      });
  } catch (cause) {
    if (cause instanceof UnsupportedOptionError) throw cause;
    const { code } = cause as { code?: string };
    throw new ListenError({
      ..."path" in address
        ? { addr: address.path, port: undefined }
        : { addr: address.hostname, port: address.port },
      code,
      cause,
    });
  }

  async function listenOnFile(path: string): Promise<Listener> {
    await makeRoom(path);
    const listener = await listen(options);
    const remove = await socketRemover(path);
    // The runtimes differ in whether they do so themselves.
    const thenRemove = (end: "stop" | "cut") => async () => {
      await listener[end]();
      await remove();
    };
    return {
      ...listener,
      address,
      stop: thenRemove("stop"),
      cut: thenRemove("cut"),
    };
  }
}

/** What a system without IPv6 says of the address `::`. */
const WITHOUT_IPV6: readonly unknown[] = ["EAFNOSUPPORT", "EADDRNOTAVAIL"];
