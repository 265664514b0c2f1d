/**
 * The thread of a metrics server, which `startHttpServerInThread` starts; importing
 * it does nothing.
 *
 * It is an entry point so that applications that are bundled into one file can
 * bundle it into a second one, see the option `entry`.
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

import { repeat, waitFor } from "../../runtime/wait.ts";
import { LiveReader } from "../../memory/reader.ts";
import { OwnRegistry } from "../../metrics/own_registry.ts";
import { ThreadSide } from "../../runtime/thread.ts";
import { processMetrics } from "../../runtime_metrics/process_metrics.ts";
import { DiscoveryStatus } from "../../server/discovery_status.ts";
import type { CloseTimes } from "../../server/lifecycle.ts";
import { serve } from "../../server/serve.ts";
import {
  BEAT_MS,
  CONTROL,
  type ThreadData,
  type ToMain,
  type ToThread,
} from "../protocol.ts";
import { toSent } from "../sent_error.ts";
import { LiveGatherer } from "./live_gatherer.ts";
import { loadDiscovery, UnloadableError } from "./load_discovery.ts";
import { MainProxy } from "./main_proxy.ts";
import { MainToken } from "./main_token.ts";

/**
 * How long closing waits for a registration under way, in milliseconds. The main
 * thread ends this one 2000 ms after it has given up a start.
 */
const REGISTRATION_MS = 1500;

/**
 * Serves metrics on a thread of `startHttpServerInThread`, whose program calls it;
 * applications do not.
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
  const thread = new ThreadSide<ThreadData, ToMain, ToThread>();
  const { settings, handover, control, discovery, refreshTimeout, hasOnError } =
    thread.data;
  const reader = new LiveReader(handover);
  const main = new MainProxy(
    control,
    refreshTimeout,
    (refresh) => thread.post({ type: "refresh", refresh }),
  );
  const own = new OwnRegistry();
  const listProcess = processMetrics();
  const ofProcess = () =>
    Atomics.load(control, CONTROL.servesProcess) === 1 ? listProcess() : [];
  const mainToken = new MainToken(
    main,
    (id) => thread.post({ type: "token", id }),
  );
  const loading = Promise.resolve(
    discovery && loadDiscovery(discovery, mainToken),
  );
  // Then, since another thread may listen in place of one that cannot load.
  const serving = loading.then(() =>
    serve({
      settings,
      gatherer: new LiveGatherer(reader, main, own, ofProcess),
      own,
      troubles: () => Atomics.load(control, CONTROL.troubles),
      status: new DiscoveryStatus(control.subarray(CONTROL.discovery)),
      onError: hasOnError
        ? (error) => thread.post({ type: "error", error: toSent(error) })
        : undefined,
    })
  );
  repeat(BEAT_MS, () => Atomics.add(control, CONTROL.beats, 1));
  const started = begin();
  started.then(
    (info) => thread.reply({ started: info }),
    (error) =>
      thread.reply({
        failed: toSent(error),
        isUnloadable: error instanceof UnloadableError,
      }),
  );
  thread.listen(early, (message) => {
    switch (message.type) {
      case "chunk":
        return reader.add(message.chunk);
      case "refreshing":
        return main.begun(message);
      case "ended":
        return main.ended(message.collectors);
      case "token":
        return mainToken.take(message.answer);
      case "scraped":
        return void serving.then(({ scraped }) => scraped())
          .then(() => thread.post({ type: "scraped" }));
      case "close":
        if (message.isBlocking) main.isGivenUp = true;
        return void close(message.times).then(() => {
          tellClosed();
          thread.post({ type: "closed" });
        });
    }
  });

  async function begin() {
    const { info, lifecycle } = await serving;
    await lifecycle.begin(info, await loading);
    return info;
  }

  // Else a main thread in `closeSync()` could wait for a thread that has ended.
  thread.onExit(tellClosed);

  async function close(times: CloseTimes) {
    try {
      // A module of service discovery may never load.
      if (!await waitFor(serving, { ms: REGISTRATION_MS })) return;
      const { lifecycle } = await serving;
      await lifecycle.close(times);
      // A registration under way is undone when it ends.
      await waitFor(started, { ms: REGISTRATION_MS });
    } catch {
      // The server has not started; nothing is left to close.
    }
  }

  function tellClosed() {
    Atomics.store(control, CONTROL.closed, 1);
    Atomics.notify(control, CONTROL.closed);
  }
}
