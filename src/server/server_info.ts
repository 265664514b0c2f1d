import { hostInUrl, isWildcard } from "../address.ts";
import type { ListenAddress } from "../runtime/types.ts";
import type { HttpServerInfo, UnixServerInfo } from "./handle.ts";
import { HEALTH_PATH } from "./routes.ts";
import { asksForCertificate, type TlsOptions } from "./tls.ts";

/** Says where a server is that listens on an address. */
export function infoOf(
  address: ListenAddress,
  path: string,
  tls: TlsOptions | undefined,
): HttpServerInfo | UnixServerInfo {
  const https = tls !== undefined;
  const mutualTls = https && asksForCertificate(tls);
  if ("path" in address) {
    const none = { url: null, metricsUrl: null, healthUrl: null };
    return { socket: { path: address.path }, https, mutualTls, ...none };
  }
  const { hostname, port } = address;
  const root = `${https ? "https" : "http"}://${
    reachableHost(hostname)
  }:${port}`;
  return {
    socket: { addr: hostname, port },
    https,
    mutualTls,
    url: new URL("/", root).href,
    metricsUrl: new URL(path, root).href,
    healthUrl: new URL(HEALTH_PATH, root).href,
  };
}

/**
 * A wildcard address is no destination, and loopback is listened on with it. An
 * IPv6 address may have a zone, which URLs do not have.
 */
function reachableHost(addr: string): string {
  return isWildcard(addr) ? "127.0.0.1" : hostInUrl(addr);
}
