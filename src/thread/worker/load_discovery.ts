import { describe, quote } from "../../base/describe.ts";
import type { ServiceDiscovery } from "../../types.ts";
import type { DiscoveryModule, SentDiscovery } from "../protocol.ts";
import type { MainToken } from "./main_token.ts";

/** A module of the application could not be loaded. */
export class UnloadableError extends Error {}

/** Makes the service discovery that runs on this thread. */
export async function loadDiscovery(
  sent: SentDiscovery,
  mainToken: MainToken,
): Promise<ServiceDiscovery> {
  if ("module" in sent) return await loadModule(sent);
  const { consul, token, isTokenOnMain } = sent;
  const { Registration } = await import("../../discovery/registration.ts");
  const source = isTokenOnMain
    ? async () => await mainToken.get(token) ?? ""
    : token;
  const settings = { ...consul, token: source, fetch: undefined };
  return {
    register: (server, context) =>
      new Registration(settings, server, context).begin(),
  };
}

async function loadModule(
  { module: url, options }: DiscoveryModule,
): Promise<ServiceDiscovery> {
  const module = String(url);
  const loaded: { default?: unknown } = await import(module).catch((cause) => {
    const { message } = cause as Error;
    throw new UnloadableError(
      `Cannot start metrics server: serviceDiscovery.module ${
        quote(module)
      } could ` +
        `not be loaded: ${quote(message)}`,
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
    `Cannot start metrics server: the default export of ${
      quote(module)
    } must have ` +
      "the method register(), or be a function that makes such an object, " +
      `received ${describe(made)}`,
  );
}
