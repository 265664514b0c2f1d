import type { ConsulError } from "../errors.ts";
import { isPlainObject } from "../require.ts";
import { type AgentAnswer, AgentClient } from "./agent_client.ts";
import type { AgentSettings } from "./consul_settings.ts";
import { type ServiceDefinition, ttlCheckId } from "./service_definition.ts";

/** Where a service is, as an agent knows it. */
export interface Place {
  readonly address: string;
  readonly port: number;
}

/** The part of an agent's own description that is used. */
export interface AgentSelf {
  readonly datacenter: string;
  /** The address that it has announced for its machine. */
  readonly address: string;
}

/** The part of the HTTP API of a Consul agent that one service needs. */
export class ConsulApi {
  /** Sends the requests. */
  readonly client: AgentClient;
  /** The service, for people. */
  readonly service: string;
  readonly #settings: AgentSettings;
  /** The path of the service's id. */
  readonly #idPath: string;

  /** Makes one that has asked nothing yet. */
  constructor(settings: AgentSettings) {
    this.client = new AgentClient(settings);
    this.service = `service ${JSON.stringify(settings.serviceId)}`;
    this.#settings = settings;
    this.#idPath = encodeURIComponent(settings.serviceId);
  }

  /** Registers the service, in place of what has its id. */
  async register(
    definition: ServiceDefinition,
    signal: AbortSignal,
  ): Promise<void> {
    // Else a check of another kind goes on beside the new one.
    const path = "service/register?replace-existing-checks=true";
    const { partition } = this.#settings;
    await this.#put("register", path, signal, {
      ...definition,
      // In the query older agents overlook it; here nobody does.
      ...partition && { Partition: partition },
    });
  }

  /** Looks up where the service with the id is; `undefined` if there is none. */
  async find(signal: AbortSignal): Promise<Place | undefined> {
    const action = `look up ${this.service}`;
    const path = `service/${this.#idPath}`;
    const answer = await this.client.ask({ action, path, signal });
    if (answer.status === 404 && /unknown service/i.test(answer.text)) {
      return undefined;
    }
    this.#requireDone(answer, this.#permission("read"));
    const { Address: address, Port: port } = this.#parse(answer);
    if (typeof address === "string" && typeof port === "number") {
      return { address, port };
    }
    throw this.#unexpected(answer);
  }

  /** Says that the service is well. */
  async pass(signal: AbortSignal): Promise<void> {
    const checkId = encodeURIComponent(ttlCheckId(this.#settings.serviceId));
    await this.#put("send heartbeat of", `check/pass/${checkId}`, signal);
  }

  /** Deregisters the service. */
  async deregister(signal: AbortSignal): Promise<void> {
    const path = `service/deregister/${this.#idPath}`;
    await this.#put("deregister", path, signal);
  }

  /** Asks the agent who it is. */
  async self(signal: AbortSignal): Promise<AgentSelf> {
    const action = `register ${this.service}`;
    const answer = await this.client.ask({ action, path: "self", signal });
    this.#requireDone(answer, "agent:read");
    const { Config, Member } = this.#parse(answer) as {
      Config?: { Datacenter?: unknown };
      Member?: { Addr?: unknown };
    };
    return {
      datacenter: String(Config?.Datacenter),
      address: String(Member?.Addr ?? ""),
    };
  }

  async #put(
    verb: string,
    path: string,
    signal: AbortSignal,
    body?: object,
  ): Promise<void> {
    const action = `${verb} ${this.service}`;
    const request = { action, method: "PUT", path, body, signal } as const;
    const answer = await this.client.ask(request);
    this.#requireDone(answer, this.#permission("write"));
  }

  #permission(access: "read" | "write"): string {
    return `service:${access} on ${JSON.stringify(this.#settings.name)}`;
  }

  /**
   * Requires that the agent has done what it was asked.
   *
   * @param permission What the token must be allowed for that.
   */
  #requireDone(
    { action, status, words }: AgentAnswer,
    permission: string,
  ): void {
    if (status >= 200 && status < 300) return;
    const quoted = words === "" ? "" : `, ${JSON.stringify(words)}`;
    const wayOut = status === 403
      ? `; give it a token that is allowed ${permission}`
      : "";
    throw this.client.error(
      action,
      `response status must be 200, received ${status}${quoted}${wayOut}`,
      { status },
    );
  }

  #parse(answer: AgentAnswer): Readonly<Record<string, unknown>> {
    try {
      const parsed: unknown = JSON.parse(answer.text);
      if (isPlainObject(parsed)) return parsed as Record<string, unknown>;
    } catch {
      // It is another server's page, most likely.
    }
    throw this.#unexpected(answer);
  }

  #unexpected({ action, status, words }: AgentAnswer): ConsulError {
    return this.client.error(
      action,
      `response must be that of an agent, received ${JSON.stringify(words)}`,
      { status },
    );
  }
}
