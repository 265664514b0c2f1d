import { describe } from "../describe.ts";
import type { ServiceDiscovery } from "../types.ts";
import type { SentDiscovery, ThreadDiscovery } from "./discovery.ts";
import type { MainToken } from "./main_token.ts";

/**
 * Makes the service discovery of a thread.
 *
 * @param mainToken Yields the token, if the main thread does.
 * @throws What {@linkcode loadModule} throws.
 */
export async function loadDiscovery(
  sent: SentDiscovery,
  mainToken: MainToken,
): Promise<ServiceDiscovery> {
  if ("module" in sent) return await loadModule(sent);
  const { consul, token, isTokenOnMain } = sent;
  const { Registration } = await import("../discovery/registration.ts");
  const source = isTokenOnMain
    ? async () => await mainToken.get(token) ?? ""
    : token;
  const settings = { ...consul, token: source, fetch: undefined };
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
  { module: url, options }: ThreadDiscovery,
): Promise<ServiceDiscovery> {
  const module = String(url);
  const loaded: { default?: unknown } = await import(module).catch((cause) => {
    const { message } = cause as Error;
    throw new Error(
      `Cannot start metrics server: serviceDiscovery.module "${module}" must ` +
        `be there with what it needs, received ${JSON.stringify(message)}`,
      { cause },
    );
  });
  const { default: given } = loaded;
  const made: unknown = typeof given === "function"
    ? await given(options)
    : given;
  const { register } = Object(made) as Partial<ServiceDiscovery>;
  if (typeof register === "function") return made as ServiceDiscovery;
  throw new TypeError(
    `Cannot start metrics server: the module "${module}" must have service ` +
      "discovery, with the method register(), or a function that makes it as " +
      `its default export, received ${describe(made)}`,
  );
}
