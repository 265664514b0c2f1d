/** The wildcard addresses, as URLs write them; the last one is IPv4 alone. */
const WILDCARDS: readonly unknown[] = ["0.0.0.0", "[::]", "[::ffff:0:0]"];

/** Whether an address is a wildcard, in any spelling, which is no destination. */
export function isWildcard(address: string): boolean {
  return WILDCARDS.includes(
    URL.parse(`http://${hostInUrl(address)}`)?.hostname,
  );
}

/** Writes an IP address or a host name as URLs do, which have no zones. */
export function hostInUrl(address: string): string {
  return address.includes(":") ? `[${address.replace(/%.*/, "")}]` : address;
}
