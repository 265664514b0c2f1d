import { once } from "node:events";
import { lstat, stat, unlink } from "node:fs/promises";
import { type AddressInfo, connect, type Server } from "node:net";
import { dirname } from "node:path";
import type { ListenAddress } from "./types.ts";
import { unlessAborted } from "./wait.ts";

/**
 * The number of connections that may wait to be accepted, as of Linux's default
 * `somaxconn`. When there are more, the system drops what they send, and clients try
 * again only after a second, and whoever has gone is heard of as late.
 */
export const BACKLOG = 4096;

/** Binds a server of Node's; yields the bound address. */
export async function bind(
  server: Server,
  address: ListenAddress,
): Promise<ListenAddress> {
  const listening = once(server, "listening");
  server.listen({
    ..."path" in address
      ? { path: address.path }
      : { host: address.hostname, port: address.port },
    backlog: BACKLOG,
    // Else the workers of a cluster would share a socket, even one on port 0.
    exclusive: true,
  });
  await listening;
  if ("path" in address) return address;
  const bound = server.address() as AddressInfo;
  return { hostname: bound.address, port: bound.port };
}

/**
 * Finds the address of this machine from which a server is reached. The server
 * can reach it in turn, unless addresses are translated in between.
 *
 * @throws The runtime's error if the server cannot be reached.
 */
export async function localAddressTo(
  { hostname, port }: { readonly hostname: string; readonly port: number },
  signal: AbortSignal,
): Promise<string> {
  const socket = connect(port, hostname);
  try {
    const connected = new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve).once("error", reject);
    });
    await unlessAborted(signal, connected);
    // A socket of IPv6 shows IPv4 addresses as mapped ones (RFC 4291, 2.5.5.2).
    return socket.localAddress!.replace(/^::ffff:(?=[\d.]+$)/, "");
  } finally {
    socket.destroy();
  }
}

/**
 * Removes the file of a unix socket that nobody listens on: a server that ended
 * without closing has left it. Any other file stays.
 *
 * @throws {Error} With the code `"EADDRINUSE"` if another file is there. Deno
 * 2.9.0 would remove that file when it binds.
 */
export async function makeRoom(path: string): Promise<void> {
  const isSocket = await socketId(path) !== undefined;
  if (isSocket && await isRefused(path)) {
    // If another server was faster, binding fails.
    await unlink(path).catch(() => {});
  } else if (await lstat(path).then(() => true, () => false)) {
    throw Object.assign(new Error("the file is in use"), {
      code: "EADDRINUSE",
    });
  }
}

/**
 * Finds the code of the failure to bind a unix socket: Node says `EACCES` where
 * there is no such folder, as if its permissions were to blame.
 */
export async function bindFailure(
  path: string,
  code: string | undefined,
): Promise<string | undefined> {
  if (code !== "EACCES") return code;
  return await stat(dirname(path)).then(() => code, ({ code }) => code);
}

/**
 * Makes a function that removes a socket's file, unless another server's socket
 * has replaced it.
 */
export async function socketRemover(
  path: string,
): Promise<() => Promise<void>> {
  const own = await socketId(path);
  return async () => {
    if (own === undefined || await socketId(path) !== own) return;
    // The next server replaces a file that stays, or says why it cannot.
    await unlink(path).catch(() => {});
  };
}

async function socketId(path: string): Promise<string | undefined> {
  try {
    const stats = await lstat(path);
    return stats.isSocket() ? `${stats.dev}:${stats.ino}` : undefined;
  } catch {
    // A missing or forbidden file: binding says why.
    return undefined;
  }
}

/** Whether a socket refuses connections, as one without a listener does. */
function isRefused(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(false);
    });
    socket.once("error", ({ code }: { code?: string }) => {
      resolve(code === "ECONNREFUSED");
    });
  });
}
