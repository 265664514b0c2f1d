/** Finds the sockets of this process that listen. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import process from "node:process";

/**
 * The rows of sockets that listen in the kernel's tables: their address, and
 * their inode, which a process that has one open shows among its files.
 */
const ROWS = {
  // local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode
  tcp: /(?<address>\S+) \S+ 0A (?:\S+ +){5}(?<inode>\d+)/g,
  tcp6: /(?<address>\S+) \S+ 0A (?:\S+ +){5}(?<inode>\d+)/g,
  // Protocol Flags Type St Inode Path; the flag is __SO_ACCEPTCON
  unix: /\S+ 00010000 \S+ \S+ +(?<inode>\d+)(?: (?<address>.*))?/g,
};

/**
 * Names the sockets by their addresses as the system writes them. Elsewhere than
 * on Linux only Node can tell whether there are any.
 */
export function listeningSockets(): string[] {
  if (process.platform !== "linux") {
    return process.getActiveResourcesInfo().filter((name) =>
      /^(TCP|Pipe)ServerWrap$/.test(name)
    );
  }
  const own = new Set(readdirSync("/proc/self/fd").map(inodeOf));
  return Object.entries(ROWS).flatMap(([table, row]) => {
    const file = `/proc/self/net/${table}`;
    // A kernel without IPv6 has no table for it.
    const text = existsSync(file) ? readFileSync(file, "utf8") : "";
    return Array.from(text.matchAll(row), ({ groups }) => groups!)
      .filter(({ inode }) => own.has(inode))
      .map(({ address = "unnamed" }) => `${table} ${address}`);
  });
}

/** The inode of an open socket. */
function inodeOf(fd: string): string | undefined {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1];
  } catch {
    // The folder's own file is closed by now.
    return undefined;
  }
}
