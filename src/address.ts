/**
 * Addresses of servers.
 *
 * @module
 */

/** Whether a server on an address listens on all interfaces: nobody can go there. */
export function isWildcard(address: string): boolean {
  return address === "0.0.0.0" || address === "::";
}

/** Writes an address, or the name of a host, as URLs have it: without a zone. */
export function hostInUrl(address: string): string {
  return address.includes(":") ? `[${address.replace(/%.*/, "")}]` : address;
}
