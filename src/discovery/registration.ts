import { ConsulError } from "../errors.ts";
import { pauseInBackground, settlesWithin } from "../runtime/background.ts";
import type { DiscoveryContext, MetricsServerInfo } from "../types.ts";
import { ConsulApi, type Place } from "./consul_api.ts";
import type { ConsulFunctions, ConsulSettings } from "./consul_settings.ts";
import { jittered, retrying } from "./retry.ts";
import { findAddress } from "./service_address.ts";
import { defineService, usesTtl } from "./service_definition.ts";

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
  readonly #settings: ConsulSettings & ConsulFunctions;
  readonly #server: MetricsServerInfo;
  readonly #context: DiscoveryContext;
  readonly #api: ConsulApi;
  /** Where it was registered. */
  #place: Place | undefined;
  /** Whether the agent has ever said that it knows the service. */
  #wasRegistered = false;
  /** The looks; settles when there will be no more. */
  #keeping: Promise<void> = Promise.resolve();
  #endPause = () => {};
  #look = new AbortController();
  #isOver = false;
  #end: Promise<void> | undefined;

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
        new AbortController(),
        (signal) => retrying(() => this.#register(signal), mayPass, signal),
      );
    } catch (error) {
      if (this.#settings.required || !mayPass(error)) {
        await this.#api.close();
        throw error;
      }
      this.#context.onChange(false);
      this.#context.onError(error);
    }
    this.#keeping = this.#keep();
    return () => this.#end ??= this.#endOnce();
  }

  /** Looks until it is over. */
  async #keep(): Promise<void> {
    let failures = this.#wasRegistered ? 0 : 1;
    for (;;) {
      const pause = pauseInBackground(this.#pause(failures));
      this.#endPause = pause.end;
      await pause.over;
      if (this.#isOver) return;
      this.#look = new AbortController();
      try {
        await this.#within(
          "look up",
          this.#look,
          (signal) => this.#lookUp(signal),
        );
        failures = 0;
      } catch (error) {
        if (this.#isOver) return;
        failures++;
        // Who refuses, as for want of a token, has not forgotten it.
        if (mayPass(error)) this.#context.onChange(false);
        this.#context.onError(error);
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
      this.#context.onChange(false);
      return await this.#register(signal);
    }
    if (!this.#isOwn(found)) {
      this.#context.onChange(false);
      throw this.#takenError(found);
    }
    if (usesTtl(this.#settings, this.#server)) {
      try {
        await this.#api.pass(signal);
      } catch (error) {
        const status = error instanceof ConsulError ? error.status : undefined;
        // Its check is gone, and the service is nobody else's.
        if (!UNKNOWN_CHECK.includes(status)) throw error;
        return await this.#register(signal);
      }
    }
    signal.throwIfAborted();
    this.#context.onChange(true);
  }

  async #register(signal: AbortSignal): Promise<void> {
    const settings = this.#settings;
    await this.#requireDatacenter(signal);
    const place = await findAddress(settings, this.#server, this.#api, signal);
    signal.throwIfAborted();
    // Should the answer get lost, it is known what was asked for.
    this.#place = place;
    await this.#api.register(
      defineService(settings, this.#server, place),
      signal,
    );
    signal.throwIfAborted();
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
    this.#isOver = true;
    this.#endPause();
    try {
      // It could register the service afterwards; one that hangs is given up.
      if (!await settlesWithin(LOOK_MS, this.#keeping)) this.#look.abort();
      await this.#keeping;
      if (!this.#settings.deregister) return;
      await this.#within(
        "deregister",
        new AbortController(),
        (signal) =>
          retrying(() => this.#deregister(signal), isNoRefusal, signal),
      );
      this.#context.onChange(false);
    } catch (error) {
      // An agent that was never there has nothing to forget.
      if (this.#wasRegistered || !mayPass(error)) throw error;
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

  /** Does something with the agent until it is done, aborted, or out of time. */
  async #within(
    verb: string,
    aborter: AbortController,
    work: (signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    const { signal } = aborter;
    const { timeout, serviceId, token } = this.#settings;
    const aborted = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => aborted.reject(signal.reason));
    const done = Promise.race([work(signal), aborted.promise]);
    const settled = done.then(() => {}, () => {});
    if (await settlesWithin(timeout, settled)) return await done;
    const who = typeof token === "function"
      ? "it, and the function that yields the token,"
      : "it";
    const error = this.#api.error(
      `${verb} service ${JSON.stringify(serviceId)}`,
      `${who} must answer within ${timeout} ms, received nothing`,
    );
    aborter.abort(error);
    throw error;
  }
}

/**
 * Whether the agent was not there, or not ready, so that another attempt may have
 * success.
 */
function mayPass(error: unknown): boolean {
  if (!(error instanceof ConsulError)) return false;
  const { status = 503 } = error;
  return status >= 500 || status === 429;
}

/** The same, also for what fails on this side, such as files that are renewed. */
function isNoRefusal(error: unknown): boolean {
  return !(error instanceof ConsulError) || mayPass(error);
}
