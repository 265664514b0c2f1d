import {
  type Given,
  refusal,
  requireMethod,
  requireNames,
} from "../../base/checks.ts";
import { describe, isRecord } from "../../base/describe.ts";
import { settingsOf } from "../../discovery/consul_agent.ts";
import type { CloneableSettings } from "../../discovery/consul_settings.ts";
import { tokenOf, type TokenSource } from "../../discovery/token.ts";
import { ACTION } from "../../server/server_options.ts";
import type { ServiceDiscovery } from "../../types.ts";
import type {
  DiscoveryModule,
  SentDiscovery,
  TokenAnswer,
} from "../protocol.ts";
import { toSent } from "../sent_error.ts";

/** Service discovery, and the thread that it runs on. */
export interface PlacedDiscovery {
  readonly onMain?: ServiceDiscovery;
  readonly onThread?: DiscoveryModule;
  /** The settings of a Consul agent that runs on the thread. */
  readonly consul?: CloneableSettings;
  /** The agent's token; a function runs on the main thread. */
  readonly token?: TokenSource;
}

/** Finds the thread that registers a server. */
export function placeDiscovery(given: Given): PlacedDiscovery {
  const { value } = given;
  if (isRecord(value) && "module" in value) {
    return { onThread: parseModule(given) };
  }
  requireMethod(given, "register");
  const onMain = value as ServiceDiscovery;
  const settings = settingsOf(onMain);
  // A user's function cannot cross; one that fetches is needed for every step.
  if (settings === undefined || settings.fetch !== undefined) return { onMain };
  const { token, fetch: _, ...consul } = settings;
  return { consul, token };
}

/** Makes data of the service discovery that runs on the thread, with its token. */
export function sendDiscovery(
  { onThread, consul, token: source }: PlacedDiscovery,
): SentDiscovery | undefined | Promise<SentDiscovery> {
  if (consul === undefined) return onThread;
  const isTokenOnMain = typeof source === "function";
  const send = (token?: string) => ({ consul, token, isTokenOnMain });
  const token = tokenOf(ACTION, source);
  return token instanceof Promise ? token.then(send) : send(token);
}

/** Yields the current token for the server's thread; never rejects. */
export async function answerToken(
  id: number,
  { token }: PlacedDiscovery,
): Promise<TokenAnswer> {
  try {
    return { id, token: await tokenOf(ACTION, token) };
  } catch (error) {
    return { id, failure: toSent(error) };
  }
}

function parseModule(given: Given): DiscoveryModule {
  requireNames(given, ["module", "options"]);
  const { module: value, options } = given.value as DiscoveryModule;
  const name = `${given.name}.module`;
  const module = parseModuleUrl({ ...given, name, value });
  try {
    return { module, options: structuredClone(options) };
  } catch (cause) {
    throw new TypeError(
      `Cannot ${ACTION}: serviceDiscovery.options must be data that can be ` +
        "cloned, received something else; make the rest in the module",
      { cause },
    );
  }
}

export function parseModuleUrl(given: Given): string {
  const { value } = given;
  const url = value instanceof URL || typeof value === "string"
    ? URL.parse(value)
    : null;
  if (url !== null) return url.href;
  const received = `${describe(value)}; for a file beside yours pass ` +
    'new URL("./file.js", import.meta.url)';
  throw refusal(TypeError, given, "must be an absolute URL", received);
}
