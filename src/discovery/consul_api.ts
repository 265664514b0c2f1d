import type { ConsulError } from "../errors.ts";
import { isRecord, quote } from "../base/describe.ts";
import { type AgentAnswer, AgentClient } from "./agent_client.ts";
import type { ConsulSettings } from "./consul_settings.ts";
import { refusals } from "./retry.ts";
import { type ServiceDefinition, ttlCheckId } from "./service_definition.ts";

/** The statuses by which an agent refuses; others but 200 and 404 may pass. */
const REFUSED: readonly number[] = [400, 403];

/** Where a service is, as an agent knows it. */
export interface Place {
  readonly address: string;
  readonly port: number;
}

/** The part of the HTTP API of a Consul agent that one service needs. */
export class ConsulApi {
  /** Sends the requests. */
  readonly client: AgentClient;
  /** The service, for people. */
  readonly service: string;
  readonly #settings: ConsulSettings;
  /** The path of the service's id. */
  readonly #idPath: string;

  /** Makes the API of one service; nothing is asked yet. */
  constructor(settings: ConsulSettings) {
    this.client = new AgentClient(settings);
    this.service = `service ${quote(settings.serviceId)}`;
    this.#settings = settings;
    this.#idPath = encodeURIComponent(settings.serviceId);
  }

  /** Registers the service; it replaces another one with its id. */
  async register(
    definition: ServiceDefinition,
    signal: AbortSignal,
  ): Promise<void> {
    // Otherwise a check of another kind would go on beside the new one.
    const path = "service/register?replace-existing-checks=true";
    const { partition } = this.#settings;
    await this.#put("register", path, signal, {
      ...definition,
      // Older agents overlook it in the query.
      ...partition && { Partition: partition },
    });
  }

  /** Looks up where the service with the id is; `undefined` if no service has it. */
  async find(signal: AbortSignal): Promise<Place | undefined> {
    const action = `look up ${this.service}`;
    const path = `service/${this.#idPath}`;
    const answer = await this.client.ask({ action, path, signal });
    const isUnknown = /^unknown service id/i.test(answer.words);
    if (answer.status === 404 && isUnknown) return undefined;
    this.#requireDone(answer, this.#permission("read"));
    const { serviceId } = this.#settings;
    const { ID: id = serviceId, Address: address, Port: port } = this.#parse(
      answer,
    );
    const isPlace = typeof address === "string" && typeof port === "number";
    if (id !== serviceId || !isPlace) throw this.#unexpected(answer);
    return { address, port };
  }

  /** Looks up where the service is that was registered: a 200 may be no agent's. */
  async findRegistered(signal: AbortSignal): Promise<Place> {
    const found = await this.find(signal);
    if (found !== undefined) return found;
    const action = `register ${this.service}`;
    throw this.client.error(action, "it does not know the service afterwards");
  }

  /** Sends a heartbeat. */
  async pass(signal: AbortSignal): Promise<void> {
    const checkId = encodeURIComponent(ttlCheckId(this.#settings.serviceId));
    await this.#put("send heartbeat of", `check/pass/${checkId}`, signal);
  }

  /** Deregisters the service. */
  async deregister(signal: AbortSignal): Promise<void> {
    const path = `service/deregister/${this.#idPath}`;
    await this.#put("deregister", path, signal);
  }

  /** Requires the agent to belong to the datacenter of the options, if they name one. */
  async requireDatacenter(signal: AbortSignal): Promise<void> {
    const { datacenter } = this.#settings;
    if (datacenter === undefined) return;
    const actual = await this.self(signal);
    if (actual.datacenter === datacenter) return;
    throw new RangeError(
      `Cannot register ${this.service}: the agent must belong to datacenter ` +
        `${quote(datacenter)}, received one of ` +
        quote(actual.datacenter),
    );
  }

  /** Asks the agent for its datacenter and the address that it announces. */
  async self(
    signal: AbortSignal,
  ): Promise<{ readonly datacenter: string; readonly address: string }> {
    const action = `register ${this.service}`;
    const answer = await this.client.ask({ action, path: "self", signal });
    this.#requireDone(answer, "agent:read");
    const { Config, Member } = this.#parse(answer) as {
      Config?: { Datacenter?: unknown };
      Member?: { Addr?: unknown };
    };
    const datacenter = Config?.Datacenter;
    if (typeof datacenter !== "string") throw this.#unexpected(answer);
    return { datacenter, address: String(Member?.Addr ?? "") };
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
    return `service:${access} on ${quote(this.#settings.name)}`;
  }

  /** Requires success; the permission is what the token must be allowed. */
  #requireDone(answer: AgentAnswer, permission: string): void {
    const { action, status, words } = answer;
    // No agent answers with a page; a proxy or another server may, with any status.
    if (words.startsWith("<")) throw this.#unexpected(answer);
    if (status === 200) return;
    const wayOut = status === 403
      ? `; give it a token that is allowed ${permission}`
      : "";
    const error = this.client.error(
      action,
      `response status must be 200, received ${shown(answer)}${wayOut}`,
      { status },
    );
    if (REFUSED.includes(status)) refusals.add(error);
    throw error;
  }

  #parse(answer: AgentAnswer): Readonly<Record<string, unknown>> {
    try {
      const parsed: unknown = JSON.parse(answer.text);
      if (isRecord(parsed)) return parsed as Record<string, unknown>;
    } catch {
      // Most likely a page of another server.
    }
    throw this.#unexpected(answer);
  }

  #unexpected(answer: AgentAnswer): ConsulError {
    const { action, status } = answer;
    return this.client.error(
      action,
      `response must be that of an agent, received ${shown(answer)}`,
      { status },
    );
  }
}

function shown({ status, words }: AgentAnswer): string {
  return words === "" ? `${status}` : `${status}, ${quote(words)}`;
}
