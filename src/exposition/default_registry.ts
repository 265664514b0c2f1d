import type { Registry } from "../types.ts";

/**
 * Looks up the registry that metrics of `prom-client` join by default.
 *
 * The client is loaded on the first call, so that programs which bring their
 * own registry, and imports of this package, do not pay for it.
 */
export async function defaultRegistry(): Promise<Registry> {
  const { register } = await import("prom-client");
  return register;
}
