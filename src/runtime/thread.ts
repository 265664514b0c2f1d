/**
 * Threads of one's own, on every runtime: starting one, with or without turning
 * the event loop, and talking to it while either side is busy.
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

/** What a thread is started with, and who listens to it. */
export interface ThreadOptions<Data, Received> {
  /** The URL of a module whose `run` begins as {@linkcode EntryModule} says. */
  readonly entry: string;
  /** What the thread finds as {@linkcode ThreadSide.data}. */
  readonly data: Data;
  /** Takes the messages of the thread. */
  readonly onMessage: (message: Received) => void;
  /**
   * Told that the thread has ended although nobody has ended it.
   *
   * @param code What it has ended with.
   * @param error What it has thrown, if it has.
   */
  readonly onDeath: (code: number, error: unknown) => void;
}

/** A thread, to the one that has started it. It keeps the process alive at first. */
export interface Thread<Sent> {
  /** Sends a message, which arrives even if this thread is blocked from now on. */
  post(message: Sent): void;
  /** Waits for the thread's reply; for one that is ended meanwhile, for ever. */
  reply(): Promise<ThreadReply>;
  /**
   * Blocks this thread until the other one has replied.
   *
   * @returns `undefined` if it has not within so many milliseconds.
   */
  replySync(ms: number): ThreadReply | undefined;
  /** Lets the process end although the thread runs. */
  unref(): void;
  /** Ends the thread, whatever it does. */
  end(): Promise<void>;
}

/** How a thread has started. */
export type ThreadReply =
  | { readonly started: unknown }
  /** Its module has said why it could not. */
  | { readonly failed: unknown }
  /** Its module could not be loaded, with the runtime's words. */
  | { readonly unloadable: string }
  /** It has ended before it replied, with an exit code. */
  | { readonly ended: number };

/** What the module of a thread exports; importing it does nothing. */
interface EntryModule {
  /**
   * Begins the thread's work.
   *
   * @param early The messages that have come already.
   */
  run(early: readonly unknown[]): void;
}

/** A thread, to itself. */
export interface ThreadSide<Data, Sent, Received> {
  /** What it was started with. */
  readonly data: Data;
  /** Sends a message to the thread that has started this one. */
  post(message: Sent): void;
  /**
   * Takes the messages.
   *
   * @param early Those that {@linkcode EntryModule.run} was given, for the same
   * turn.
   */
  listen(
    early: readonly unknown[],
    onMessage: (message: Received) => void,
  ): void;
  /** Says how starting went, once. */
  reply(reply: ThreadReply): void;
  /** Has something done when the thread ends by itself. */
  onExit(fn: () => void): void;
}

/** What crosses when a thread is started. */
interface Luggage<Data> {
  readonly entry: string;
  readonly data: Data;
  readonly port: MessagePort;
  /** Becomes 1 when there is a reply at the port. */
  readonly replied: Int32Array;
}

/**
 * The program of every thread. It is a URL of its own text, since Deno starts
 * threads from no other URLs than `file:` and `data:`, while `import()` takes
 * all. What comes before its import has ended is kept: on Deno and Bun messages
 * without a listener are lost.
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

/** Starts a thread. */
export function startThread<Data, Sent, Received>(
  { entry, data, onMessage, onDeath }: ThreadOptions<Data, Received>,
): Thread<Sent> {
  const { port1, port2 } = new MessageChannel();
  const replied = new Int32Array(new SharedArrayBuffer(4));
  const luggage: Luggage<Data> = { entry, data, port: port2, replied };
  const worker = new Worker(
    new URL(`data:text/javascript,${encodeURIComponent(BOOTSTRAP)}`),
    {
      workerData: luggage,
      transferList: [port2],
      name: "prometheus-async",
    },
  );
  let isEnded = false;
  let thrown: unknown;
  // All of them in this turn: later ones may miss what has happened.
  worker.on("message", onMessage);
  worker.on("error", (error) => thrown = error);
  worker.on("exit", (code) => {
    port1.close();
    if (!isEnded) onDeath(code, thrown);
  });
  return {
    post: (message) => worker.postMessage(message),
    reply: () =>
      new Promise((resolve) => {
        port1.once("message", (reply) => {
          port1.close();
          resolve(reply);
        });
      }),
    replySync(ms) {
      Atomics.wait(replied, 0, 0, ms);
      const received = receiveMessageOnPort(port1);
      port1.close();
      return received?.message;
    },
    unref: () => worker.unref(),
    async end() {
      isEnded = true;
      port1.close();
      await worker.terminate();
    },
  };
}

/** Takes up a thread's own side. */
export function threadSide<Data, Sent, Received>(): ThreadSide<
  Data,
  Sent,
  Received
> {
  const { data, port, replied } = workerData as Luggage<Data>;
  return {
    data,
    post: (message) => parentPort!.postMessage(message),
    listen(early, onMessage) {
      for (const message of early) onMessage(message as Received);
      parentPort!.on("message", onMessage);
    },
    reply(reply) {
      port.postMessage(reply);
      Atomics.store(replied, 0, 1);
      Atomics.notify(replied, 0);
    },
    onExit: (fn) => void process.on("exit", fn),
  };
}
