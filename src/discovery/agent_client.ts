import { messageOf, quote } from "../base/describe.ts";
import { ConsulError } from "../errors.ts";
import { loadCredentials } from "../runtime/credentials.ts";
import { loadRuntime } from "../runtime/detect.ts";
import type { ClientTls, Fetch, FetchClient } from "../runtime/types.ts";
import { type ConsulSettings, TLS_PARTS } from "./consul_settings.ts";
import { tokenOf } from "./token.ts";

/** The most of an answer that is taken, in bytes: it may have no end. */
const MAX_BYTES = 1024 * 1024;

/** How deep causes are followed: they may be endless. */
const MAX_DEPTH = 4;

/** A request to an agent. */
interface AgentRequest {
  /** The name of the action, for people. */
  readonly action: string;
  readonly method?: "GET" | "PUT";
  /** Below `v1/agent/`. */
  readonly path: string;
  readonly body?: object;
  readonly signal: AbortSignal;
}

/** An answer of an agent. */
export interface AgentAnswer extends Pick<AgentRequest, "action"> {
  readonly status: number;
  readonly text: string;
  /** The text on one line and without the token; it may be long, and unsafe. */
  readonly words: string;
}

/** Sends requests to an agent, with the credentials and the token of the moment. */
export class AgentClient {
  readonly #settings: ConsulSettings;
  #client: Promise<FetchClient> | undefined;
  /** The credentials that the client has. */
  #tls: ClientTls | undefined;
  #isClosed = false;
  /** Set while the function that yields the token has not answered. */
  #pending: object | undefined;

  /** Makes a client without connections. */
  constructor(settings: ConsulSettings) {
    this.#settings = settings;
  }

  /**
   * Sends a request.
   *
   * @throws {ConsulError} If the agent does not answer.
   * @throws {TlsError} If the credentials cannot be used.
   * @throws What yielding the token throws; the signal's reason.
   */
  async ask(
    { action, method = "GET", path, body, signal }: AgentRequest,
  ): Promise<AgentAnswer> {
    const { agent, namespace, partition } = this.#settings;
    const url = new URL(`v1/agent/${path}`, agent.root);
    if (namespace !== undefined) url.searchParams.set("ns", namespace);
    if (partition !== undefined) url.searchParams.set("partition", partition);
    const token = await this.#token();
    signal.throwIfAborted();
    const fetch = await this.#fetch();
    signal.throwIfAborted();
    try {
      const response = await fetch(url.href, {
        method,
        headers: {
          ...token !== undefined && { "x-consul-token": token },
          ...body && { "content-type": "application/json" },
        },
        ...body && { body: JSON.stringify(body) },
        // Another host must not get the token.
        redirect: "manual",
        signal,
      });
      const { status } = response;
      const text = await limitedText(response);
      return { action, status, text, words: wordsOf(text, token) };
    } catch (cause) {
      signal.throwIfAborted();
      const words = quote(wordsOf(innermostMessage(cause), token));
      throw this.error(action, `it must answer, received ${words}`, {
        // The error of a user's own fetch may show the token.
        ...this.#settings.fetch === undefined && { cause },
      });
    }
  }

  /** Makes an error of this agent. */
  error(
    action: string,
    reason: string,
    more: { readonly status?: number; readonly cause?: unknown } = {},
  ): ConsulError {
    const { name } = this.#settings.agent;
    return new ConsulError({ action, agent: name, reason, ...more });
  }

  /** Makes the error of an action that has taken too long. */
  lateError(action: string, ms: number): Error {
    return this.#pending === undefined
      ? this.error(action, `it did not answer within ${ms} ms`)
      : new Error(
        `Cannot ${action} with Consul agent: token did not yield within ` +
          `${ms} ms`,
      );
  }

  /** Ends the connections, for good. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#drop();
  }

  async #token(): Promise<string | undefined> {
    const { agent, token } = this.#settings;
    const pending = this.#pending = {};
    try {
      return await tokenOf(
        `ask Consul agent ${quote(agent.name)}`,
        token,
      );
    } finally {
      // Unless a later request waits by now.
      if (this.#pending === pending) this.#pending = undefined;
    }
  }

  async #fetch(): Promise<Fetch> {
    const { fetch, tls: options, agent: { unix } } = this.#settings;
    if (options === undefined && unix === undefined) {
      // The global one is looked up with every request: it may be replaced.
      return fetch ?? globalThis.fetch;
    }
    const tls = options &&
      await loadCredentials(TLS_PARTS, options, this.#tls);
    const { fetchClient } = await loadRuntime();
    if (this.#isClosed) {
      throw new Error("Cannot ask Consul agent: the registration has ended");
    }
    if (this.#client === undefined || tls !== this.#tls) {
      void this.#drop();
      this.#tls = tls;
      const made = this.#client = fetchClient({ tls, unix });
      // After a failure the next request tries again.
      made.catch(() => {
        if (this.#client === made) this.#client = undefined;
      });
    }
    return (await this.#client).fetch;
  }

  async #drop(): Promise<void> {
    const dropped = this.#client;
    this.#client = undefined;
    await dropped?.then((client) => client.close()).catch(() => {});
  }
}

async function limitedText(response: Response): Promise<string> {
  // There may be no body, and a user's own fetch may make one of another kind.
  if (typeof response.body?.getReader !== "function") {
    return String(await response.text());
  }
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  let text = "";
  let bytes = 0;
  while (bytes < MAX_BYTES) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.byteLength;
    text += decoder.decode(value, { stream: true });
  }
  await reader.cancel();
  return text;
}

/** Why a connection failed; Node says that in the error's causes. */
export function innermostMessage(error: unknown): string {
  let reason = error;
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const { cause, errors } = (reason ?? {}) as Partial<AggregateError>;
    const next = Array.isArray(errors) ? errors[0] : cause;
    if (!(next instanceof Error)) break;
    reason = next;
  }
  return messageOf(reason);
}

/** Foreign words on one line, and without the token. */
function wordsOf(text: string, token: string | undefined): string {
  return withoutToken(text, token).trim().replaceAll(/\s+/g, " ");
}

function withoutToken(text: string, token: string | undefined): string {
  if (token === undefined) return text;
  const escaped = JSON.stringify(token).slice(1, -1);
  const without = text.replaceAll(escaped, "[token]");
  // Once is enough: a short token may be part of "[token]".
  return escaped === token ? without : without.replaceAll(token, "[token]");
}
