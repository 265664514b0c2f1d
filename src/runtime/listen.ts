import { ListenError, UnsupportedOptionError } from "../errors.ts";
import { loadRuntime } from "./detect.ts";
import type { Listener, ListenOptions, Runtime } from "./types.ts";
import { bindFailure, makeRoom, socketRemover } from "./sockets.ts";

/**
 * Binds a socket on the runtime this runs on.
 *
 * An empty `hostname` is every interface: IPv6 and IPv4 on one socket where the
 * system has both, else IPv4 alone. The file of a unix socket is replaced if its
 * server is gone, and removed when the server closes.
 *
 * @throws {ListenError} If the socket cannot be bound.
 * @throws {UnsupportedOptionError} If the runtime lacks an option.
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
    const listenOn = (hostname: string) =>
      listen({ ...options, address: { ...address, hostname } });
    return await listenOn("::").catch((error) => {
      if (!WITHOUT_IPV6.includes(error.code)) throw error;
      return listenOn("0.0.0.0");
    });
  } catch (cause) {
    if (cause instanceof UnsupportedOptionError) throw cause;
    const { code } = cause as { code?: string };
    if (!("path" in address)) {
      const { hostname: addr, port } = address;
      throw new ListenError({ addr, port, code, cause });
    }
    throw new ListenError({
      addr: address.path,
      port: undefined,
      code: await bindFailure(address.path, code),
      cause,
    });
  }

  async function listenOnFile(path: string): Promise<Listener> {
    await makeRoom(path);
    const listener = await listen(options);
    const remove = await socketRemover(path);
    // Only some runtimes remove the file themselves.
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

/** The codes of the error for `::` on a system without IPv6. */
const WITHOUT_IPV6: readonly unknown[] = ["EAFNOSUPPORT", "EADDRNOTAVAIL"];
