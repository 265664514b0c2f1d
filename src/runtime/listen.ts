import { ListenError } from "../errors.ts";
import { loadRuntime } from "./detect.ts";
import type { Listener, ListenOptions, Runtime } from "./types.ts";

/**
 * Binds a socket on whatever runtime this is.
 *
 * An empty `hostname` is every interface: IPv6 and IPv4 on one socket where the
 * system has both, else IPv4 alone.
 *
 * @throws {ListenError} If the socket cannot be bound.
 */
export async function listen(
  options: ListenOptions,
  runtime?: Runtime,
): Promise<Listener> {
  const { listen } = runtime ?? await loadRuntime();
  const { hostname: addr, port } = options;
  try {
    if (addr !== "") return await listen(options);
    return await listen({ ...options, hostname: "::" }).catch((error) => {
      if (!WITHOUT_IPV6.includes(error.code)) throw error;
      return listen({ ...options, hostname: "0.0.0.0" });
    });
  } catch (cause) {
    const { code } = cause as { code?: string };
    throw new ListenError({ addr, port, code, cause });
  }
}

/** What a system without IPv6 says of the address `::`. */
const WITHOUT_IPV6: readonly unknown[] = ["EAFNOSUPPORT", "EADDRNOTAVAIL"];
