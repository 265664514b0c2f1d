import { ConsulError } from "../errors.ts";
import { isPlainObject } from "../require.ts";
import { AgentFetch } from "./agent_fetch.ts";
import type { ConsulFunctions, ConsulSettings } from "./consul_settings.ts";
import { limitedText } from "./limited_text.ts";
import { reasonOf } from "./reason_of.ts";
import { type ServiceDefinition, ttlCheckId } from "./service_definition.ts";
import { tokenOf } from "./token.ts";

/** Where a service is, as an agent knows it. */
export interface Place {
  readonly address: string;
  readonly port: number;
}

/** What an agent says of itself. */
export interface AgentSelf {
  readonly datacenter: string;
  /** The address that it has announced for its machine. */
  readonly address: string;
}

interface Question {
  /** What is to be done, for people. */
  readonly action: string;
  readonly method?: "GET" | "PUT";
  /** Below `v1/agent/`. */
  readonly path: string;
  readonly body?: object;
  /** What the token must be allowed. */
  readonly permission: string;
  readonly signal: AbortSignal;
}

interface Answer {
  readonly status: number;
  readonly text: string;
  /** What of it may be shown. */
  readonly words: string;
}

/** How much of an agent's words is passed on. */
const MAX_WORDS = 1000;

/** The part of the HTTP API of a Consul agent that one service needs. */
export class ConsulApi {
  readonly #settings: ConsulSettings & ConsulFunctions;
  readonly #fetch: AgentFetch;
  /** Something, while it waits for the function that yields the token. */
  #reading: object | undefined;

  /** Makes one that has asked nothing yet. */
  constructor(settings: ConsulSettings & ConsulFunctions) {
    this.#settings = settings;
    const { fetch, tls, agent } = settings;
    this.#fetch = new AgentFetch({ fetch, tls, unix: agent.unix });
  }

  /** Registers the service, in place of what has its id. */
  async register(
    definition: ServiceDefinition,
    signal: AbortSignal,
  ): Promise<void> {
    const { partition } = this.#settings;
    await this.#ask({
      action: `register ${this.service}`,
      method: "PUT",
      // Else a check of another kind goes on beside the new one.
      path: "service/register?replace-existing-checks=true",
      // In the query older agents overlook it; here nobody does.
      body: { ...definition, ...partition && { Partition: partition } },
      permission: this.#permission("write"),
      signal,
    });
  }

  /** Looks up where the service with the id is; `undefined` if there is none. */
  async find(signal: AbortSignal): Promise<Place | undefined> {
    const action = `look up ${this.service}`;
    const permission = this.#permission("read");
    const path = `service/${this.#pathId}`;
    const answer = await this.#tell({ action, path, permission, signal });
    if (answer.status === 404 && /unknown service/i.test(answer.text)) {
      return undefined;
    }
    const { Address: address, Port: port } = this.#parse(
      action,
      this.#require(answer, action, permission),
    );
    if (typeof address === "string" && typeof port === "number") {
      return { address, port };
    }
    throw this.#unexpected(action, answer);
  }

  /** Says that the service is well. */
  async pass(signal: AbortSignal): Promise<void> {
    const checkId = ttlCheckId(this.#settings.serviceId);
    await this.#ask({
      action: `send heartbeat of ${this.service}`,
      method: "PUT",
      path: `check/pass/${encodeURIComponent(checkId)}`,
      permission: this.#permission("write"),
      signal,
    });
  }

  /** Deregisters the service. */
  async deregister(signal: AbortSignal): Promise<void> {
    await this.#ask({
      action: `deregister ${this.service}`,
      method: "PUT",
      path: `service/deregister/${this.#pathId}`,
      permission: this.#permission("write"),
      signal,
    });
  }

  /** Asks the agent who it is. */
  async self(signal: AbortSignal): Promise<AgentSelf> {
    const action = `register ${this.service}`;
    const answer = await this.#ask({
      action,
      path: "self",
      permission: "agent:read",
      signal,
    });
    const { Config, Member } = this.#parse(action, answer) as {
      Config?: { Datacenter?: unknown };
      Member?: { Addr?: unknown };
    };
    return {
      datacenter: String(Config?.Datacenter),
      address: String(Member?.Addr ?? ""),
    };
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

  /** Whether it waits for the function that yields the token. */
  get isReadingToken(): boolean {
    return this.#reading !== undefined;
  }

  /** Ends the connections. */
  close(): Promise<void> {
    return this.#fetch.close();
  }

  /** The service, for people. */
  get service(): string {
    return `service ${JSON.stringify(this.#settings.serviceId)}`;
  }

  get #pathId(): string {
    return encodeURIComponent(this.#settings.serviceId);
  }

  #permission(access: "read" | "write"): string {
    return `service:${access} on ${JSON.stringify(this.#settings.name)}`;
  }

  /** Asks, and requires that it is done. */
  async #ask(question: Question): Promise<Answer> {
    const { action, permission } = question;
    return this.#require(await this.#tell(question), action, permission);
  }

  #require(answer: Answer, action: string, permission: string): Answer {
    const { status, words } = answer;
    if (status >= 200 && status < 300) return answer;
    const quoted = words === "" ? "" : `, ${JSON.stringify(words)}`;
    const wayOut = status === 403
      ? `; give it a token that is allowed ${permission}`
      : "";
    throw this.error(
      action,
      `response status must be 200, received ${status}${quoted}${wayOut}`,
      { status },
    );
  }

  #parse(action: string, answer: Answer): Readonly<Record<string, unknown>> {
    try {
      const parsed: unknown = JSON.parse(answer.text);
      if (isPlainObject(parsed)) return parsed as Record<string, unknown>;
    } catch {
      // It is another server's page, most likely.
    }
    throw this.#unexpected(action, answer);
  }

  #unexpected(action: string, { status, words }: Answer): ConsulError {
    return this.error(
      action,
      `response must be that of an agent, received ${JSON.stringify(words)}`,
      { status },
    );
  }

  async #tell(
    { action, method = "GET", path, body, signal }: Question,
  ): Promise<Answer> {
    const { agent, namespace, partition } = this.#settings;
    const url = new URL(`v1/agent/${path}`, agent.root);
    if (namespace !== undefined) url.searchParams.set("ns", namespace);
    if (partition !== undefined) url.searchParams.set("partition", partition);
    const token = await this.#readToken();
    signal.throwIfAborted();
    const fetch = await this.#fetch.prepare();
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
      const text = await limitedText(response);
      return { status: response.status, text, words: wordsOf(text, token) };
    } catch (cause) {
      const words = JSON.stringify(wordsOf(reasonOf(cause), token));
      throw this.error(action, `it must answer, received ${words}`, {
        // What a fetch of the user's own throws may have the token in it.
        ...this.#settings.fetch === undefined && { cause },
      });
    }
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
}

/** What an agent says, on one line, and without the token. */
function wordsOf(text: string, token: string | undefined): string {
  const line = withoutToken(text, token).trim().replaceAll(/\s+/g, " ");
  return line.length > MAX_WORDS ? `${line.slice(0, MAX_WORDS)}…` : line;
}

function withoutToken(text: string, token: string | undefined): string {
  if (token === undefined) return text;
  const escaped = JSON.stringify(token).slice(1, -1);
  const without = text.replaceAll(escaped, "[token]");
  // A short one may stand in what has taken its place.
  return escaped === token ? without : without.replaceAll(token, "[token]");
}
