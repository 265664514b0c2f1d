import { ConsulError } from "../errors.ts";
import { settlesWithin } from "../runtime/background.ts";
import type { DiscoveryContext, MetricsServerInfo } from "../types.ts";
import { ConsulApi, type Place } from "./consul_api.ts";
import type { ConsulFunctions, ConsulSettings } from "./consul_settings.ts";
import { jittered, retrying } from "./retry.ts";
import { findAddress } from "./service_address.ts";
import { defineService, usesTtl } from "./service_definition.ts";

/** The longest pause before the first attempt in the background. */
const FIRST_PAUSE_MS = 500;

/** How much later than the time between two looks none of them is. */
const MIN_PART = 0.9;

/** What agents, older and newer ones, answer to the heartbeat of no check. */
const UNKNOWN_CHECK: readonly unknown[] = [500, 404];

/**
 * One server's registration with a Consul agent, from its beginning to its end.
 *
 * In between it looks again and again whether the agent still knows the service,
 * and registers it anew if nobody has its id. If somebody else has it by now, it
 * is theirs: it is neither taken back nor deregistered.
 */
export class Registration {
  readonly #settings: ConsulSettings;
  readonly #server: MetricsServerInfo;
  readonly #context: DiscoveryContext;
  readonly #api: ConsulApi;
  /** Where it was registered. */
  #place: Place | undefined;
  /** Whether the agent has ever said that it knows the service. */
  #wasRegistered = false;
  readonly #over = Promise.withResolvers<void>();
  /** The looks; settles when there will be no more. */
  #keeping: Promise<void> = Promise.resolve();
  #end: Promise<void> | undefined;
  /** What was reported last: with every look it would be the same. */
  #reported: string | undefined;

  /** Makes one that has not begun. */
  constructor(
    settings: ConsulSettings & ConsulFunctions,
    server: MetricsServerInfo,
    context: DiscoveryContext,
  ) {
    this.#settings = settings;
    this.#server = server;
    this.#context = context;
    this.#api = new ConsulApi(settings, settings);
  }

  /**
   * Registers the server, and keeps it registered from then on.
   *
   * @returns What ends that.
   * @throws {ConsulError} If the agent refuses, or does not answer although it is
   * required.
   */
  async begin(): Promise<() => Promise<void>> {
    try {
      await this.#within(
        "register",
        (signal) => retrying(() => this.#register(signal), mayPass, signal),
      );
    } catch (error) {
      if (this.#settings.required || !mayPass(error)) {
        await this.#api.close();
        throw error;
      }
      this.#context.onChange(false);
      this.#report(error);
    }
    this.#keeping = this.#keep();
    return () => this.#end ??= this.#endOnce();
  }

  /** Looks until it is over. */
  async #keep(): Promise<void> {
    let failures = this.#wasRegistered ? 0 : 1;
    for (;;) {
      if (await settlesWithin(this.#pause(failures), this.#over.promise)) {
        return;
      }
      try {
        await this.#within("look up", (signal) => this.#look(signal));
        failures = 0;
        this.#reported = undefined;
      } catch (error) {
        failures++;
        // Who answers, and refuses, has not forgotten it.
        if (statusOf(error) === undefined) this.#context.onChange(false);
        this.#report(error);
      }
    }
  }

  /** How long it is to the next look, in milliseconds. */
  #pause(failures: number): number {
    const { interval } = this.#settings.check;
    return failures === 0
      ? interval * (MIN_PART + Math.random() * (1 - MIN_PART))
      : Math.min(
        interval,
        jittered(FIRST_PAUSE_MS * 2 ** Math.min(failures, 20)),
      );
  }

  /** Makes sure that the agent knows the service, and that it is well. */
  async #look(signal: AbortSignal): Promise<void> {
    const found = await this.#api.find(signal);
    if (found === undefined) return await this.#register(signal);
    if (!this.#isOwn(found)) {
      this.#context.onChange(false);
      throw this.#takenError(found);
    }
    if (usesTtl(this.#settings, this.#server)) {
      try {
        await this.#api.pass(signal);
      } catch (error) {
        // Its check is gone, and the service is nobody else's.
        if (!UNKNOWN_CHECK.includes(statusOf(error))) throw error;
        return await this.#register(signal);
      }
    }
    signal.throwIfAborted();
    this.#registered();
  }

  async #register(signal: AbortSignal): Promise<void> {
    const settings = this.#settings;
    await this.#requireDatacenter(signal);
    const place = await findAddress(settings, this.#server, this.#api, signal);
    // Should the answer get lost, it is known what was asked for.
    this.#place = place;
    await this.#api.register(
      defineService(settings, this.#server, place),
      signal,
    );
    signal.throwIfAborted();
    this.#registered();
  }

  #registered(): void {
    this.#wasRegistered = true;
    this.#context.onChange(true);
  }

  async #requireDatacenter(signal: AbortSignal): Promise<void> {
    const { datacenter, serviceId } = this.#settings;
    if (datacenter === undefined) return;
    const actual = await this.#api.self(signal);
    if (actual.datacenter === datacenter) return;
    throw new RangeError(
      `Cannot register service ${JSON.stringify(serviceId)}: the agent must ` +
        `belong to datacenter ${JSON.stringify(datacenter)}, received one of ` +
        JSON.stringify(actual.datacenter),
    );
  }

  async #endOnce(): Promise<void> {
    this.#over.resolve();
    try {
      if (!this.#settings.deregister) return;
      await this.#within("deregister", async (signal) => {
        // What is under way could register it afterwards.
        await this.#keeping;
        await retrying(() => this.#deregister(signal), mayPass, signal);
      });
      this.#context.onChange(false);
    } catch (error) {
      // An agent that was never there has nothing to forget.
      if (this.#wasRegistered || statusOf(error) !== undefined) throw error;
    } finally {
      await this.#api.close();
    }
  }

  /** Deregisters the service, unless it is somebody else's. */
  async #deregister(signal: AbortSignal): Promise<void> {
    const found = await this.#api.find(signal);
    if (found === undefined || !this.#isOwn(found)) return;
    await this.#api.deregister(signal);
  }

  #isOwn({ address, port }: Place): boolean {
    return address === this.#place?.address && port === this.#place.port;
  }

  #takenError({ address, port }: Place): Error {
    const id = JSON.stringify(this.#settings.serviceId);
    return new Error(
      `Cannot keep service ${id} registered: its id must be this server's alone, ` +
        `received that of a server at ${
          address || "the agent's address"
        }, port ` +
        `${port}; give each of them a serviceId of its own`,
    );
  }

  /** Does something with the agent, but no longer than there is time. */
  async #within<T>(
    verb: string,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { timeout, serviceId } = this.#settings;
    const aborter = new AbortController();
    const done = work(aborter.signal);
    const settled = done.then(() => {}, () => {});
    if (await settlesWithin(timeout, settled)) return await done;
    const error = this.#api.error(
      `${verb} service ${JSON.stringify(serviceId)}`,
      `it must answer within ${timeout} ms, received nothing`,
    );
    aborter.abort(error);
    throw error;
  }

  #report(error: unknown): void {
    const text = String(error);
    if (text === this.#reported) return;
    this.#reported = text;
    this.#context.onError(error);
  }
}

/** Whether it was not refused, so that another attempt may have success. */
function mayPass(error: unknown): boolean {
  if (!(error instanceof ConsulError)) return false;
  const { status = 503 } = error;
  return status >= 500 || status === 429;
}

function statusOf(error: unknown): number | undefined {
  // What fails on this side tells nothing of the agent.
  return error instanceof ConsulError ? error.status : NaN;
}
