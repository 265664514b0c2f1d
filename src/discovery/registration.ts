import { ConsulError } from "../errors.ts";
import { pauseInBackground, settlesWithin } from "../runtime/background.ts";
import type { DiscoveryContext, MetricsServerInfo } from "../types.ts";
import { ConsulApi, type Place } from "./consul_api.ts";
import type { AgentSettings } from "./consul_settings.ts";
import { isNoRefusal, jittered, mayPass, retrying } from "./retry.ts";
import { findAddress } from "./service_address.ts";
import { defineService, usesTtl } from "./service_definition.ts";
import { withinTime } from "./time_limit.ts";

/** The longest pause after a look that has failed; with each further one doubled. */
const FAILED_PAUSE_MS = 1000;

/** The least part of the interval that is between two looks. */
const MIN_PART = 0.9;

/** How long closing waits for a look that is under way, in milliseconds. */
const LOOK_MS = 500;

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
  readonly #settings: AgentSettings;
  readonly #server: MetricsServerInfo;
  readonly #context: DiscoveryContext;
  readonly #api: ConsulApi;
  /** Where the agent knows it, and where it was asked to know it since. */
  #places: readonly Place[] = [];
  /** Whether the agent has ever said that it knows the service. */
  #wasRegistered = false;
  /** Whether it may know it all the same: it was asked to, and did not answer. */
  #mayBeRegistered = false;
  /** The looks; settles when there will be no more. */
  #keeping: Promise<void> = Promise.resolve();
  #endPause = () => {};
  #look = new AbortController();
  #isOver = false;
  #end: Promise<void> | undefined;

  /** Makes one that has not begun. */
  constructor(
    settings: AgentSettings,
    server: MetricsServerInfo,
    context: DiscoveryContext,
  ) {
    this.#settings = settings;
    this.#server = server;
    this.#context = context;
    this.#api = new ConsulApi(settings);
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
        await this.#api.client.close();
        throw error;
      }
      this.#tell(false);
      this.#report(error);
    }
    this.#keeping = this.#keep();
    return () => this.#end ??= this.#endOnce();
  }

  /** Looks until it is over. */
  async #keep(): Promise<void> {
    let failures = this.#wasRegistered ? 0 : 1;
    while (!this.#isOver) {
      const pause = pauseInBackground(this.#pause(failures));
      this.#endPause = pause.end;
      await pause.over;
      if (this.#isOver) return;
      this.#look = new AbortController();
      try {
        const lookUp = (signal: AbortSignal) => this.#lookUp(signal);
        await this.#within("look up", lookUp, this.#look);
        failures = 0;
      } catch (error) {
        if (this.#isOver) return;
        failures++;
        // Who refuses, as for want of a token, has not forgotten it.
        if (mayPass(error)) this.#tell(false);
        this.#report(error);
      }
    }
  }

  /** How long it is to the next look, in milliseconds. */
  #pause(failures: number): number {
    const { interval } = this.#settings.check;
    if (failures === 0) {
      return interval * (MIN_PART + Math.random() * (1 - MIN_PART));
    }
    const pause = FAILED_PAUSE_MS * 2 ** Math.min(failures - 1, 20);
    return Math.min(interval, jittered(pause));
  }

  /** Makes sure that the agent knows the service, and that it is well. */
  async #lookUp(signal: AbortSignal): Promise<void> {
    // What has the id may be left from before, as with the start that failed.
    if (!this.#wasRegistered) return await this.#register(signal);
    const found = await this.#api.find(signal);
    signal.throwIfAborted();
    if (found === undefined) {
      this.#tell(false);
      return await this.#register(signal);
    }
    this.#requireOwn(found);
    if (usesTtl(this.#settings, this.#server)) {
      try {
        await this.#api.pass(signal);
      } catch (error) {
        const status = error instanceof ConsulError ? error.status : undefined;
        if (!UNKNOWN_CHECK.includes(status)) throw error;
        // Its check is gone, as it is when somebody else takes the id.
        const again = await this.#api.find(signal);
        if (again !== undefined) this.#requireOwn(again);
        return await this.#register(signal);
      }
    }
    signal.throwIfAborted();
    this.#tell(true);
  }

  async #register(signal: AbortSignal): Promise<void> {
    const settings = this.#settings;
    await this.#requireDatacenter(signal);
    const place = await findAddress(settings, this.#server, this.#api, signal);
    signal.throwIfAborted();
    const definition = defineService(settings, this.#server, place);
    if (!this.#isOwn(place)) this.#places = [...this.#places, place];
    try {
      await this.#api.register(definition, signal);
    } catch (error) {
      if (signal.aborted) this.#mayBeRegistered = true;
      throw error;
    }
    signal.throwIfAborted();
    this.#places = [place];
    this.#wasRegistered = true;
    this.#tell(true);
  }

  async #requireDatacenter(signal: AbortSignal): Promise<void> {
    const { datacenter } = this.#settings;
    if (datacenter === undefined) return;
    const actual = await this.#api.self(signal);
    if (actual.datacenter === datacenter) return;
    throw new RangeError(
      `Cannot register ${this.#api.service}: the agent must ` +
        `belong to datacenter ${JSON.stringify(datacenter)}, received one of ` +
        JSON.stringify(actual.datacenter),
    );
  }

  async #endOnce(): Promise<void> {
    this.#isOver = true;
    this.#endPause();
    try {
      // It could register the service afterwards; one that hangs is given up.
      if (!await settlesWithin(LOOK_MS, this.#keeping)) this.#look.abort();
      await this.#keeping;
      if (!this.#settings.deregister) return;
      await this.#within(
        "deregister",
        (signal) =>
          retrying(() => this.#deregister(signal), isNoRefusal, signal),
      );
      this.#tell(false);
    } catch (error) {
      const isKnown = this.#wasRegistered || this.#mayBeRegistered;
      // An agent that was never there has nothing to forget.
      if (isKnown || !mayPass(error)) throw error;
    } finally {
      await this.#api.client.close();
    }
  }

  /** Deregisters the service, unless it is somebody else's. */
  async #deregister(signal: AbortSignal): Promise<void> {
    const found = await this.#api.find(signal);
    if (found === undefined || !this.#isOwn(found)) return;
    await this.#api.deregister(signal);
  }

  #isOwn({ address, port }: Place): boolean {
    return this.#places.some((place) =>
      address === place.address && port === place.port
    );
  }

  /** Requires what has the id to be this server. */
  #requireOwn(found: Place): void {
    if (this.#isOwn(found)) return;
    this.#tell(false);
    const { address, port } = found;
    throw new Error(
      `Cannot keep ${this.#api.service} registered: its id must be this server's alone, ` +
        `received that of a server at ${
          address || "the agent's address"
        }, port ` +
        `${port}; give each of them a serviceId of its own`,
    );
  }

  /** Does something with the agent until it is done, aborted, or out of time. */
  async #within(
    verb: string,
    work: (signal: AbortSignal) => Promise<void>,
    aborter: AbortController = new AbortController(),
  ): Promise<void> {
    const { timeout } = this.#settings;
    const { client, service } = this.#api;
    const lateError = () => client.lateError(`${verb} ${service}`, timeout);
    await withinTime(timeout, aborter, work, lateError);
  }

  /** Tells whether the server is registered. */
  #tell(isRegistered: boolean): void {
    safely(() => this.#context.onChange(isRegistered));
  }

  #report(error: unknown): void {
    safely(() => this.#context.onError(error));
  }
}

/** Calls what is not for this to fail with; nobody else would take its error. */
function safely(call: () => void): void {
  try {
    call();
  } catch {
    // The looks go on.
  }
}
