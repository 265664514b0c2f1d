import { describe } from "../describe.ts";
import type { ServiceDiscovery } from "../types.ts";
import type { ThreadDiscovery } from "./options.ts";

/**
 * Loads service discovery from its module.
 *
 * @throws {Error} If the module cannot be loaded.
 * @throws {TypeError} If it exports none.
 * @throws What its function throws.
 */
export async function loadDiscovery(
  { module, options }: ThreadDiscovery,
): Promise<ServiceDiscovery> {
  const { default: given } = await load(String(module));
  const made: unknown = typeof given === "function"
    ? await given(options)
    : given;
  if (isDiscovery(made)) return made;
  throw new TypeError(
    `Cannot start metrics server: the module "${module}" must have service ` +
      "discovery, with the method register(), or a function that makes it as " +
      `its default export, received ${describe(made)}`,
  );
}

async function load(module: string): Promise<{ default?: unknown }> {
  try {
    return await import(module);
  } catch (cause) {
    const { message } = cause as Error;
    throw new Error(
      `Cannot start metrics server: serviceDiscovery.module "${module}" must ` +
        `be there with what it needs, received ${JSON.stringify(message)}`,
      { cause },
    );
  }
}

function isDiscovery(made: unknown): made is ServiceDiscovery {
  return typeof (made as Partial<ServiceDiscovery> | null | undefined)
    ?.register === "function";
}
