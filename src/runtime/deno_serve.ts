import { type Answer, plainAnswer, toResponse } from "../answer.ts";
import { messageOf, visible } from "../base/describe.ts";
import {
  nativeClass,
  nativeResponse,
  SMALL_BODY_BYTES,
} from "./native_server.ts";
import { BACKLOG, makeRoom } from "./sockets.ts";
import type { ListenAddress, Listener, ListenOptions } from "./types.ts";
import { now, sleep } from "./wait.ts";

/** The used part of Deno's global, so that any TypeScript checks it. */
interface DenoGlobal {
  serve(
    options: DenoServeOptions,
    handler: (request: Request, info: DenoRequestInfo) => Promise<Response>,
  ): DenoServer;
}

interface DenoServer {
  addr: { hostname: string; port: number } | { path: string };
  finished: Promise<void>;
  ref(): void;
  unref(): void;
}

type DenoServeOptions =
  & ({ hostname: string; port: number } | { path: string })
  & {
    tcpBacklog: number;
    signal: AbortSignal;
    onListen: () => void;
    onError: () => Response;
  };

interface DenoRequestInfo {
  readonly remoteAddr: { hostname?: string };
  readonly completed: Promise<void>;
}

const { Deno } = globalThis as unknown as { Deno: DenoGlobal };

/** The time before each attempt to listen again, in milliseconds. */
const AGAIN_MS = 100;

/** After how many milliseconds a server that ends is told of once more. */
const TELL_AGAIN_MS = 60_000;

/** Listens by `Deno.serve`. */
export function listenByServe(
  { address, handler, unsent, onError }: ListenOptions,
): Listener {
  let inFlight = 0;
  /** When all answers have arrived, by `now()`. */
  let arrivedAt = 0;
  /** Set once the server closes; called with the last answer. */
  let onIdle: (() => void) | undefined;
  const aborter = new AbortController();
  const { signal } = aborter;
  let way: "ref" | "unref" = "ref";
  /** When the server had ended by itself last. */
  let endedAt = -Infinity;
  let server = open(address);
  const { addr } = server;
  return {
    address: addr,
    ref: () => setRef("ref"),
    unref: () => setRef("unref"),
    // `shutdown()` would wait for clients that stall, and nothing could end them.
    async stop() {
      await drained();
      await cut();
    },
    cut,
  };

  function open(address: ListenAddress): DenoServer {
    const opened = Deno.serve(
      {
        ...address,
        tcpBacklog: BACKLOG,
        signal,
        // Without it Deno prints a banner.
        onListen: () => {},
        // Without it Deno prints that an answer was cut off.
        onError: () => new Response(null, { status: 500 }),
      },
      answer,
    );
    opened[way]();
    opened.finished.catch(listenAgain);
    return opened;
  }

  function setRef(next: "ref" | "unref"): void {
    way = next;
    server[way]();
  }

  /** Takes the place of a server that has ended by itself, as by `EMFILE`. */
  async function listenAgain(cause: unknown): Promise<void> {
    const isFirst = now() - endedAt > TELL_AGAIN_MS;
    endedAt = now();
    if (isFirst) {
      onError(
        new Error(
          `Cannot accept connections: ${
            visible(messageOf(cause))
          }; the server ` +
            "listens again as soon as it can; if there were too many open " +
            "files, allow more (ulimit -n), or close those that are not needed",
          { cause },
        ),
      );
    }
    for (;;) {
      await sleep(AGAIN_MS, { signal, inBackground: way === "unref" });
      if (signal.aborted) return;
      try {
        if ("path" in addr) await makeRoom(addr.path);
        if (!signal.aborted) server = open(addr);
        return;
      } catch {
        // Not yet.
      }
    }
  }

  async function answer(
    request: Request,
    info: DenoRequestInfo,
  ): Promise<Response> {
    const { completed } = info;
    if (onIdle) {
      return toResponse(
        plainAnswer(503, "The server is closing", { connection: "close" }),
        nativeClass(),
      );
    }
    inFlight++;
    let bytes = 0;
    const end = () => {
      arrivedAt = Math.max(arrivedAt, now() + lingerMs(bytes));
      if (--inFlight === 0) onIdle?.();
    };
    completed.then(end, end);
    const answer = await handler(request, () => info.remoteAddr.hostname);
    if (answer.status === 413) return brokenResponse(answer);
    const response = nativeResponse(request, answer, unsent, completed);
    bytes = Number(response.headers.get("content-length"));
    return response;
  }

  /** Refuses further requests, and waits for the earlier ones. */
  async function drained(): Promise<void> {
    await new Promise<void>((resolve) => {
      onIdle = resolve;
      if (inFlight === 0) resolve();
    });
    const ms = arrivedAt - now();
    if (ms > 0) await sleep(ms, { signal });
  }

  async function cut(): Promise<void> {
    aborter.abort();
    // It rejects if the server has ended by itself.
    await server.finished.catch(() => {});
  }
}

/**
 * Makes a response that ends the connection, by a stream that fails after the text:
 * else Deno would read the body of the request to its end, however long it is.
 */
function brokenResponse(answer: Answer): Response {
  let isWritten = false;
  const stream = new ReadableStream({
    pull(controller) {
      if (isWritten) return controller.error(new Error("Content Too Large"));
      isWritten = true;
      controller.enqueue(new TextEncoder().encode(String(answer.body)));
    },
  });
  return toResponse(answer, nativeClass(), stream);
}

/**
 * How long an answer may be under way after Deno calls it complete: a large one a
 * second, plus its size at 10 MB a second. Nothing tells when the client has it.
 */
function lingerMs(bytes: number): number {
  return bytes <= SMALL_BODY_BYTES ? 50 : 1000 + bytes / 10_000;
}
