import { describe } from "../describe.ts";
import { requireNumber, requireObject, requireTexts } from "../require.ts";
import type { ConsulAdvertiseOptions } from "./consul_options.ts";

/** Copies the advertised address, and refuses what it cannot be. */
export function readAdvertise(
  action: string,
  advertise: ConsulAdvertiseOptions,
): ConsulAdvertiseOptions {
  requireObject(action, "advertise", advertise, ["address", "port"]);
  const { address, port } = advertise;
  if (address !== undefined) {
    requireTexts(action, { "advertise.address": address });
    if (!isReachable(address)) {
      throw new RangeError(
        `Cannot ${action}: advertise.address must be an IP address or a host ` +
          "name, without port and brackets, that others can reach, received " +
          describe(address),
      );
    }
  }
  if (port !== undefined) {
    requireNumber(action, { "advertise.port": port }, 1, 65535);
    if (!Number.isInteger(port)) {
      throw new RangeError(
        `Cannot ${action}: advertise.port must be an integer, received ${port}`,
      );
    }
  }
  return { address, port };
}

/** A wildcard address as a URL has it, however it was written. */
const WILDCARDS: readonly unknown[] = ["0.0.0.0", "[::]", "[::ffff:0:0]"];

/** Whether something is an address, or the name of a host, and nothing more. */
function isReachable(address: string): boolean {
  const host = address.includes(":")
    // URLs have no zones.
    ? `[${address.replace(/%[\w.-]+$/, "")}]`
    : address;
  const url = /[\s/?#@\\]/.test(host) ? null : URL.parse(`http://${host}/`);
  return url !== null && !WILDCARDS.includes(url.hostname);
}
