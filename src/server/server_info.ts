import { hostInUrl, isWildcard } from "../address.ts";
import type { ListenAddress } from "../runtime/types.ts";
import type { HttpServerInfo, UnixServerInfo } from "./handle.ts";
import { HEALTH_PATH } from "./options.ts";
import type { TlsSettings } from "./tls.ts";

/** Says where a server is that listens on an address. */
export function infoOf(
  address: ListenAddress,
  path: string,
  tls: TlsSettings | undefined,
): HttpServerInfo | UnixServerInfo {
  const https = tls !== undefined;
  const mutualTls = (tls?.clientCa ?? tls?.clientCaFile) !== undefined;
  if ("path" in address) {
    const none = { url: null, metricsUrl: null, healthUrl: null };
    return { socket: { path: address.path }, https, mutualTls, ...none };
  }
  const { hostname, port } = address;
  // A wildcard address is no destination, and loopback is listened on with it. An
  // IPv6 address may have a zone, which URLs do not have.
  const host = isWildcard(hostname) ? "127.0.0.1" : hostInUrl(hostname);
  const root = `${https ? "https" : "http"}://${host}:${port}`;
  return {
    socket: { addr: hostname, port },
    https,
    mutualTls,
    url: new URL("/", root).href,
    metricsUrl: new URL(path, root).href,
    healthUrl: new URL(HEALTH_PATH, root).href,
  };
}
