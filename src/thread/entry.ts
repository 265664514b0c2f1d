/**
 * The thread of a metrics server. `startHttpServerInThread` starts it; importing
 * it does nothing.
 *
 * It is an entry point of its own so that applications whose modules are put
 * into one file can bundle it beside that, see the option `entry`.
 *
 * @example A program that `deno compile` makes one file of
 * ```ts
 * import "@prometheus-async/prometheus-async/thread-entry";
 * import { startHttpServerInThread } from "@prometheus-async/prometheus-async";
 *
 * const server = await startHttpServerInThread({ addr: "127.0.0.1" });
 * await server.close();
 * ```
 *
 * @module
 */

import { Deadline } from "../gather/deadline.ts";
import { LiveReader } from "../memory/reader.ts";
import { OwnRegistry } from "../metrics/own_registry.ts";
import { threadSide } from "../runtime/thread.ts";
import { DiscoveryStatus } from "../server/discovery_status.ts";
import { serve } from "../server/serve.ts";
import { LiveGatherer } from "./live_gatherer.ts";
import { loadDiscovery } from "./load_discovery.ts";
import { MainThread } from "./main_thread.ts";
import { MainToken } from "./main_token.ts";
import {
  CONTROL,
  type ThreadData,
  type ToMain,
  type ToThread,
} from "./protocol.ts";
import { toSent } from "./sent_error.ts";

/**
 * How long closing waits for a registration under way, in milliseconds: the main
 * thread ends this one 2000 ms after it has given up a start.
 */
const REGISTRATION_MS = 1500;

/**
 * Serves metrics on this thread, if `startHttpServerInThread` has started it: the
 * thread calls it, and nobody else should.
 *
 * @example What a bundler is given for the thread
 * ```ts
 * import { run } from "@prometheus-async/prometheus-async/thread-entry";
 *
 * if (typeof run !== "function") throw new Error("it was shaken off");
 * ```
 *
 * @param early The messages that have come already.
 */
export function run(early: readonly unknown[]): void {
  const thread = threadSide<ThreadData, ToMain, ToThread>();
  const { settings, handover, control, discovery } = thread.data;
  const { refreshTimeout, hasOnError, startedAt } = thread.data;
  const reader = new LiveReader(handover);
  const main = new MainThread(
    control,
    refreshTimeout,
    Math.max(Date.now() - startedAt, 0),
    (refresh) => thread.post({ type: "refresh", refresh }),
  );
  const onError = (error: unknown) =>
    thread.post({ type: "error", error: toSent(error) });
  const own = new OwnRegistry();
  const serving = serve({
    settings,
    gatherer: new LiveGatherer(reader, main, own),
    own,
    status: new DiscoveryStatus(control.subarray(CONTROL.discovery)),
    onError: hasOnError ? onError : undefined,
    // A module of the application's would see that they are others.
    mayReplaceGlobals: !(discovery && "module" in discovery),
  });
  const mainToken = new MainToken(
    main,
    (id) => thread.post({ type: "token", id }),
  );
  const started = begin();
  started.then(
    (info) => thread.reply({ started: info }),
    (error) => thread.reply({ failed: toSent(error) }),
  );
  thread.listen(early, (message) => {
    switch (message.type) {
      case "chunk":
        return reader.add(message.chunk);
      case "refreshing":
        return main.begun(message.refreshing);
      case "ended":
        return main.ended(message.collectors);
      case "token":
        return mainToken.take(message.answer);
      case "close":
        if (message.isBlocking) main.isGivenUp = true;
        return void close(message.grace).then(() => {
          tellClosed();
          thread.post({ type: "closed" });
        });
    }
  });

  async function begin() {
    const { info, lifecycle } = await serving;
    const serviceDiscovery = discovery &&
      await loadDiscovery(discovery, mainToken);
    await lifecycle.begin(info, serviceDiscovery);
    return info;
  }

  // Who is blocked until it is closed must not wait for what cannot come.
  thread.onExit(tellClosed);

  async function close(grace: number) {
    try {
      const { lifecycle } = await serving;
      await lifecycle.close(grace);
      // Who registers meanwhile is deregistered then.
      await new Deadline(REGISTRATION_MS).waitFor(started);
    } catch {
      // It has not started, and nothing is left of it.
    }
  }

  function tellClosed() {
    Atomics.store(control, CONTROL.closed, 1);
    Atomics.notify(control, CONTROL.closed);
  }
}
