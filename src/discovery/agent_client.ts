import { ConsulError } from "../errors.ts";
import { loadRuntime } from "../runtime/detect.ts";
import type { Fetch, FetchClient } from "../runtime/types.ts";
import { limitedText, reasonOf, wordsOf } from "./agent_words.ts";
import type { AgentSettings } from "./consul_settings.ts";
import { readClientTls } from "./consul_tls.ts";
import { tokenOf } from "./token.ts";

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
  /** The part of it that may be shown. */
  readonly words: string;
}

/**
 * Sends requests to an agent, always with the credentials and the token of the
 * moment.
 */
export class AgentClient {
  readonly #settings: AgentSettings;
  #client: Promise<FetchClient> | undefined;
  /** The credentials that the client has, as a text. */
  #shown: string | undefined;
  #isClosed = false;
  /** Something, while it waits for the function that yields the token. */
  #reading: object | undefined;

  /** Makes one that has no connections. */
  constructor(settings: AgentSettings) {
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
    const token = await this.#readToken();
    signal.throwIfAborted();
    const fetch = await this.#prepare();
    signal.throwIfAborted();
    try {
      const response = await fetch(url.href, {
        method,
        headers: {
          ...token !== undefined && { "x-consul-token": token },
          ...body && { "content-type": "application/json" },
        },
        ...body && { body: JSON.stringify(body) },
        // Elsewhere the token has no business.
        redirect: "manual",
        signal,
      });
      const { status } = response;
      const text = await limitedText(response);
      return { action, status, text, words: wordsOf(text, token) };
    } catch (cause) {
      const words = JSON.stringify(wordsOf(reasonOf(cause), token));
      throw this.error(action, `it must answer, received ${words}`, {
        // The error of a fetch of the user's own may have the token in it.
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
    return this.#reading === undefined
      ? this.error(action, `it must answer within ${ms} ms, received nothing`)
      : new Error(
        `Cannot ${action} with Consul agent: token must yield within ` +
          `${ms} ms, received nothing`,
      );
  }

  /** Ends its connections; there will be no more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#drop();
  }

  async #readToken(): Promise<string | undefined> {
    const { agent, token } = this.#settings;
    const reading = this.#reading = {};
    try {
      return await tokenOf(
        `ask Consul agent ${JSON.stringify(agent.name)}`,
        token,
      );
    } finally {
      // One that hung for long is another's business by now.
      if (this.#reading === reading) this.#reading = undefined;
    }
  }

  async #prepare(): Promise<Fetch> {
    const { fetch, tls: settings, agent: { unix } } = this.#settings;
    if (settings === undefined && unix === undefined) {
      // The global one is looked up with every request: it may be replaced.
      return fetch ?? globalThis.fetch;
    }
    const tls = settings && await readClientTls(settings);
    const { fetchClient } = await loadRuntime();
    const shown = JSON.stringify(tls);
    if (this.#isClosed) throw new Error("Cannot ask Consul agent: it is over");
    if (this.#client === undefined || shown !== this.#shown) {
      void this.#drop();
      this.#shown = shown;
      const made = this.#client = fetchClient({ tls, unix });
      // One that cannot be made is no client.
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
