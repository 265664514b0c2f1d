import { lstat, unlink } from "node:fs/promises";
import { connect } from "node:net";

/**
 * Makes room for a unix socket: its file is left when a server ends without
 * closing, and would be in the way of the next one. Anything else stays.
 *
 * @throws {Error} With the code `"EADDRINUSE"`, if something else is there.
 * Binding would find out, too, but Deno 2.9.0 removes what is in its way.
 */
export async function makeRoom(path: string): Promise<void> {
  const isSocket = await socketId(path) !== undefined;
  if (isSocket && await isRefused(path)) {
    // Another server that starts may be faster: binding finds out.
    await unlink(path).catch(() => {});
  } else if (await lstat(path).then(() => true, () => false)) {
    throw Object.assign(new Error("the file is in use"), {
      code: "EADDRINUSE",
    });
  }
}

/**
 * Finds out what file a socket has, and makes a function that removes it, unless
 * another server's socket has taken its place.
 */
export async function socketRemover(
  path: string,
): Promise<() => Promise<void>> {
  const own = await socketId(path);
  return async () => {
    if (own === undefined || await socketId(path) !== own) return;
    // The next server replaces what cannot be removed, or says why not.
    await unlink(path).catch(() => {});
  };
}

/** Which file it is, if it is there and a socket. */
async function socketId(path: string): Promise<string | undefined> {
  try {
    const stats = await lstat(path);
    return stats.isSocket() ? `${stats.dev}:${stats.ino}` : undefined;
  } catch {
    // Not there, or not to be seen: binding says why.
    return undefined;
  }
}

/** Whether a connection to a socket is refused, as one is without a listener. */
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
