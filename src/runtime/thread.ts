/**
 * Threads: starting one, with or without turning the event loop, and talking to it
 * while either side is busy.
 *
 * @module
 */

import process from "node:process";
import {
  MessageChannel,
  type MessagePort,
  parentPort,
  receiveMessageOnPort,
  Worker,
  workerData,
} from "node:worker_threads";
import { type Inherited, withoutPreloads } from "./preloads.ts";

export interface ThreadOptions<Data, Received> {
  /**
   * The URL of a module that does nothing until its export `run(early)` is called,
   * with the messages that have come already.
   */
  readonly entry: string;
  readonly data: Data;
  readonly onMessage: (message: Received) => void;
  /** Called with the exit code and an uncaught error if the thread ends by itself. */
  readonly onDeath: (code: number, error: unknown) => void;
}

/** A thread, as its starter sees it. It keeps the process alive at first. */
export interface Thread<Sent> {
  /** Sends a message; it arrives even if this thread is blocked from now on. */
  post(message: Sent): void;
  /** Resolves with the thread's reply; never, if the thread is ended before. */
  reply(): Promise<ThreadReply>;
  /** Blocks this thread for the reply; `undefined` if that takes longer. */
  replySync(ms: number): ThreadReply | undefined;
  unref(): void;
  end(): Promise<void>;
}

/** The outcome of starting a thread. */
export type ThreadReply =
  | { readonly started: unknown }
  /**
   * The reason, as the thread's module gives it, and whether that is a module that
   * could not be loaded.
   */
  | { readonly failed: unknown; readonly isUnloadable: boolean }
  /** The runtime's message: the module could not be loaded. */
  | { readonly unloadable: string }
  /** The exit code of a thread that ended before it replied. */
  | { readonly ended: number };

interface Luggage<Data> {
  /** Tells the thread from the application's. */
  readonly isServers: true;
  readonly entry: string;
  readonly data: Data;
  readonly port: MessagePort;
  /** Becomes 1 when a reply is at the port. */
  readonly replied: Int32Array;
}

/**
 * The program of every thread. It runs from a `data:` URL and imports the entry:
 * Deno starts threads only from `file:` and `data:`, but imports from any URL. It
 * keeps messages meanwhile, since Deno and Bun lose messages without a listener.
 */
const BOOTSTRAP = `
import process from "node:process";
import { parentPort, workerData } from "node:worker_threads";
const { entry, port, replied } = workerData;
const reply = (message) => {
  port.postMessage(message);
  Atomics.store(replied, 0, 1);
  Atomics.notify(replied, 0);
};
process.on("exit", (code) => reply({ ended: code }));
const early = [];
const keep = (message) => early.push(message);
parentPort.on("message", keep);
import(entry).then((module) => {
  if (typeof module.run === "function") return module;
  throw new TypeError("no function run()");
}).then((module) => {
  parentPort.off("message", keep);
  module.run(early);
}, (error) => reply({ unloadable: String(error?.message ?? error) }));
`;

/** Whether this is a thread that {@linkcode startThread} has started. */
export function isStartedThread(): boolean {
  return (workerData as Partial<Luggage<unknown>> | null)?.isServers === true;
}

export function startThread<Data, Sent, Received>(
  options: ThreadOptions<Data, Received>,
): Thread<Sent> {
  /** The messages so far, while another attempt may need them. */
  let sent: Sent[] | undefined = [];
  let isUnref = false;
  let attempt = withoutPreloads((inherited) => begin(options, inherited));
  if (attempt === undefined) startAgain();

  function startAgain(): void {
    void attempt?.end();
    attempt = begin(options);
    if (isUnref) attempt.unref();
    for (const message of sent!) attempt.worker.postMessage(message);
    sent = undefined;
  }

  /**
   * Takes a reply. Without it, starts again with the application's preloads: they
   * may have what loads the modules, as for another language or package manager.
   */
  function isFinal(reply: ThreadReply | undefined): boolean {
    const isUnloadable = reply !== undefined &&
      ("unloadable" in reply || "failed" in reply && reply.isUnloadable);
    if (isUnloadable && sent !== undefined) {
      startAgain();
      return false;
    }
    sent = undefined;
    return true;
  }

  return {
    post(message) {
      sent?.push(message);
      attempt!.worker.postMessage(message);
    },
    async reply() {
      const reply = await attempt!.reply();
      return isFinal(reply) ? reply : await attempt!.reply();
    },
    replySync(ms) {
      const reply = attempt!.replySync(ms);
      return isFinal(reply) ? reply : attempt!.replySync(ms);
    },
    unref() {
      isUnref = true;
      attempt!.unref();
    },
    end: () => attempt!.end(),
  };
}

/** Starts a worker; by default it inherits everything. */
function begin<Data, Received>(
  { entry, data, onMessage, onDeath }: ThreadOptions<Data, Received>,
  inherited?: Inherited,
) {
  const { port1, port2 } = new MessageChannel();
  const replied = new Int32Array(new SharedArrayBuffer(4));
  const luggage: Luggage<Data> = {
    isServers: true,
    entry,
    data,
    port: port2,
    replied,
  };
  const worker = new Worker(
    new URL(`data:text/javascript,${encodeURIComponent(BOOTSTRAP)}`),
    {
      workerData: luggage,
      transferList: [port2],
      name: "prometheus-async",
      ...inherited,
    },
  );
  let isEnded = false;
  let isUnref = false;
  let thrown: unknown;
  // In this turn: later listeners may miss events.
  worker.on("message", onMessage);
  worker.on("error", (error) => thrown = error);
  worker.on("exit", (code) => {
    port1.close();
    if (!isEnded) onDeath(code, thrown);
  });
  return {
    worker,
    unref() {
      isUnref = true;
      worker.unref();
      port1.unref();
    },
    reply: () =>
      new Promise<ThreadReply>((resolve) => {
        port1.once("message", (reply) => {
          port1.close();
          resolve(reply);
        });
        // A listener makes it keep the process.
        if (isUnref) port1.unref();
      }),
    replySync(ms: number): ThreadReply | undefined {
      Atomics.wait(replied, 0, 0, ms);
      const received = receiveMessageOnPort(port1);
      port1.close();
      return received?.message;
    },
    async end(): Promise<void> {
      isEnded = true;
      port1.close();
      await worker.terminate();
    },
  };
}

/** A thread, as it sees itself. */
export class ThreadSide<Data, Sent, Received> {
  readonly #luggage = workerData as Luggage<Data>;
  readonly data: Data = this.#luggage.data;

  post(message: Sent): void {
    parentPort!.postMessage(message);
  }

  /** Begins to take messages, first those that `run` was given. */
  listen(
    early: readonly unknown[],
    onMessage: (message: Received) => void,
  ): void {
    for (const message of early) onMessage(message as Received);
    parentPort!.on("message", onMessage);
  }

  /** Tells the outcome of starting, once. */
  reply(reply: ThreadReply): void {
    const { port, replied } = this.#luggage;
    port.postMessage(reply);
    Atomics.store(replied, 0, 1);
    Atomics.notify(replied, 0);
  }

  onExit(fn: () => void): void {
    process.on("exit", fn);
  }
}
