import { visible } from "../base/describe.ts";
import { ConsulError } from "../errors.ts";
import { now, sleep, unlessAborted, waitFor } from "../runtime/wait.ts";
import type { DiscoveryContext, MetricsServerInfo } from "../types.ts";
import { ConsulApi, type Place } from "./consul_api.ts";
import type { ConsulSettings } from "./consul_settings.ts";
import { isNoRefusal, mayPass, pauseAfter, retrying } from "./retry.ts";
import { findAddress } from "./service_address.ts";
import { defineService, usesTtl } from "./service_definition.ts";

/** The longest pause after a failed look; each further failure doubles it. */
const FAILED_PAUSE_MS = 1000;

/** The least part of the interval between two looks. */
const MIN_PART = 0.9;

/** How long the end waits for a look that is under way, in milliseconds. */
const LOOK_MS = 500;

/** A timer that is later was blocked; the time to take an answer then. */
const LATE_MS = 200;

/** The answers of older and newer agents to a heartbeat without a check. */
const UNKNOWN_CHECK: readonly unknown[] = [500, 404];

/**
 * One server's registration with a Consul agent, from its beginning to its end.
 *
 * In between it looks regularly whether the agent still knows the service, and
 * registers it again if its id is free. An id that another server has taken is
 * neither taken back nor deregistered.
 */
export class Registration {
  readonly #settings: ConsulSettings;
  readonly #server: MetricsServerInfo;
  readonly #context: DiscoveryContext;
  readonly #api: ConsulApi;
  /** The places that the agent knows, or was asked to register since. */
  #places: readonly Place[] = [];
  /** Whether the agent has ever known the service. */
  #wasRegistered = false;
  /** Whether it may know it: it did not answer, or did not show it afterwards. */
  #mayBeRegistered = false;
  /** Settles after the last look. */
  #keeping: Promise<void> = Promise.resolve();
  readonly #ending = new AbortController();
  #look = new AbortController();
  #end: Promise<void> | undefined;

  /** Makes a registration that has not begun. */
  constructor(
    settings: ConsulSettings,
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
   * @returns A function that ends that.
   * @throws {ConsulError} If the agent refuses; if it is required and does not
   * answer.
   */
  async begin(): Promise<() => Promise<void>> {
    try {
      const register = (signal: AbortSignal) => this.#register(signal);
      await this.#within("register", retrying(mayPass, register));
    } catch (error) {
      if (this.#settings.required || !mayPass(error)) {
        await this.#takeBack(error);
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
    const { signal } = this.#ending;
    while (!signal.aborted) {
      await sleep(this.#pause(failures), { signal, inBackground: true });
      if (signal.aborted) return;
      this.#look = new AbortController();
      try {
        const lookUp = (signal: AbortSignal) => this.#lookUp(signal);
        await this.#within("look up", lookUp, this.#look);
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        failures++;
        // An agent that refuses, for example a token, has not forgotten it.
        if (mayPass(error)) this.#tell(false);
        this.#report(error);
      }
    }
  }

  /** The time to the next look, in milliseconds. */
  #pause(failures: number): number {
    const { interval } = this.#settings.check;
    if (failures === 0) {
      return interval * (MIN_PART + Math.random() * (1 - MIN_PART));
    }
    return Math.min(interval, pauseAfter(failures, FAILED_PAUSE_MS));
  }

  /** Makes sure that the agent knows the service and that it is well. */
  async #lookUp(signal: AbortSignal): Promise<void> {
    // The id may be that of an earlier start of this server, which failed.
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
        // Its check is gone, as after another server has taken the id.
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
    await this.#api.requireDatacenter(signal);
    const place = await findAddress(settings, this.#server, this.#api, signal);
    signal.throwIfAborted();
    const definition = defineService(settings, this.#server, place);
    if (!this.#isOwn(place)) this.#places = [...this.#places, place];
    let found: Place;
    try {
      await this.#api.register(definition, signal);
      this.#mayBeRegistered = true;
      found = await this.#api.findRegistered(signal);
    } catch (error) {
      if (signal.aborted) this.#mayBeRegistered = true;
      throw error;
    }
    signal.throwIfAborted();
    this.#places = [place];
    this.#wasRegistered = true;
    // Another server may have taken the id meanwhile; the next look reports that.
    this.#tell(this.#isOwn(found));
  }

  /** Leaves nothing behind of a start that failed, if the agent answers. */
  async #takeBack(error: unknown): Promise<void> {
    const hasAnswered = error instanceof ConsulError && error.status;
    if (!this.#mayBeRegistered || !hasAnswered) return;
    const deregister = (signal: AbortSignal) => this.#api.deregister(signal);
    await this.#within("deregister", deregister).catch(() => {});
  }

  async #endOnce(): Promise<void> {
    this.#ending.abort();
    try {
      // A look could register the service afterwards; one that hangs is aborted.
      const wait = { ms: LOOK_MS, inBackground: true };
      if (!await waitFor(this.#keeping, wait)) this.#look.abort();
      await this.#keeping;
      if (!this.#settings.deregister) return;
      const deregister = (signal: AbortSignal) => this.#deregister(signal);
      await this.#within("deregister", retrying(isNoRefusal, deregister));
      this.#tell(false);
    } catch (error) {
      const isKnown = this.#wasRegistered || this.#mayBeRegistered;
      // An agent that never answered does not know the service.
      if (isKnown || !mayPass(error)) throw error;
    } finally {
      await this.#api.client.close();
    }
  }

  /** Deregisters the service, unless its id is another server's. */
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

  /** Requires the id to be this server's. */
  #requireOwn(found: Place): void {
    if (this.#isOwn(found)) return;
    this.#tell(false);
    const { address, port } = found;
    const host = address === "" ? "the agent's address" : visible(address, 100);
    throw new Error(
      `Cannot keep ${this.#api.service} registered: a server at ${host}, port ${port}, ` +
        "has taken its id; give each of them a serviceId of its own",
    );
  }

  /** Does something until it is done, aborted, or out of time. */
  async #within(
    verb: string,
    work: (signal: AbortSignal) => Promise<void>,
    aborter: AbortController = new AbortController(),
  ): Promise<void> {
    const { timeout: ms } = this.#settings;
    const { client, service } = this.#api;
    const { signal } = aborter;
    const done = unlessAborted(signal, work(signal));
    const startedAt = now();
    if (await waitFor(done, { ms, inBackground: true })) return await done;
    // If this thread was blocked, the answer may be there and not taken yet.
    const isLate = now() - startedAt > ms + LATE_MS;
    const more = { ms: LATE_MS, inBackground: true };
    if (isLate && await waitFor(done, more)) return await done;
    const error = client.lateError(`${verb} ${service}`, ms);
    aborter.abort(error);
    throw error;
  }

  #tell(isRegistered: boolean): void {
    safely(() => this.#context.onChange(isRegistered));
  }

  #report(error: unknown): void {
    safely(() => this.#context.onError(error));
  }
}

/** Calls a function of the server; its error must not end the looks. */
function safely(call: () => void): void {
  try {
    call();
  } catch {
    // It has nowhere to go.
  }
}
