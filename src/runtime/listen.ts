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
export async function listen(options: ListenOptions): Promise<Listener> {
  const runtime = await loadRuntime();
  if (options.hostname !== "") return await bind(runtime, options);
  try {
    return await bind(runtime, { ...options, hostname: "::" });
  } catch (error) {
    if (!isWithoutIpv6(error)) throw withAddr(error, "");
    return await bind(runtime, { ...options, hostname: "0.0.0.0" });
  }
}

async function bind(
  runtime: Runtime,
  options: ListenOptions,
): Promise<Listener> {
  try {
    return await runtime.listen(options);
  } catch (cause) {
    const { hostname: addr, port } = options;
    throw new ListenError({ addr, port, code: errorCode(cause), cause });
  }
}

/** Names an error of the system as Node does, on Deno too. */
function errorCode(error: unknown): string | undefined {
  const { code, name } = error as { code?: unknown; name?: unknown };
  if (typeof code === "string") return code;
  return DENO_ERROR_CODES[String(name)];
}

const DENO_ERROR_CODES: Readonly<Record<string, string>> = {
  AddrInUse: "EADDRINUSE",
  AddrNotAvailable: "EADDRNOTAVAIL",
  PermissionDenied: "EACCES",
};

function isWithoutIpv6(error: unknown): boolean {
  return error instanceof ListenError &&
    (error.code === "EAFNOSUPPORT" || error.code === "EADDRNOTAVAIL");
}

/** The caller asked for every interface and never saw the wildcard address. */
function withAddr(error: unknown, addr: string): unknown {
  if (!(error instanceof ListenError)) return error;
  const { port, code, cause } = error;
  return new ListenError({ addr, port, code, cause });
}
