import { describe } from "../describe.ts";
import type { ServiceDiscovery } from "../types.ts";
import type {
  SentConsul,
  SentDiscovery,
  ThreadDiscovery,
} from "./discovery.ts";
import type { MainToken } from "./main_token.ts";

/**
 * Makes the service discovery of a thread.
 *
 * @param mainToken What yields the token, if the main thread does.
 * @throws What {@linkcode loadModule} throws.
 */
export async function loadDiscovery(
  sent: SentDiscovery,
  mainToken: MainToken | undefined,
): Promise<ServiceDiscovery> {
  return "consul" in sent
    ? await consulDiscovery(sent, mainToken)
    : await loadModule(sent);
}

async function consulDiscovery(
  { consul, token }: SentConsul,
  mainToken: MainToken | undefined,
): Promise<ServiceDiscovery> {
  const { Registration } = await import("../discovery/registration.ts");
  const settings = {
    ...consul,
    token: mainToken === undefined
      ? token
      : async () => await mainToken.get() ?? "",
    fetch: undefined,
  };
  return {
    register: (server, context) =>
      new Registration(settings, server, context).begin(),
  };
}

/**
 * Loads service discovery from its module.
 *
 * @throws {Error} If the module cannot be loaded.
 * @throws {TypeError} If it exports none.
 * @throws What its function throws.
 */
async function loadModule(
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
