import { plainAnswer } from "../answer.ts";
import { cannotShow, splitCertificates, unusable } from "./certificates.ts";
import { limitNames, nativeResponse } from "./native_server.ts";
import type { Listener, ListenOptions, Runtime } from "./types.ts";
import { now, sleep } from "./wait.ts";

/** The used part of Deno's global, so that any TypeScript checks it. */
interface DenoGlobal {
  version: { deno: string };
  serve(
    options: DenoServeOptions,
    handler: (request: Request, info: DenoRequestInfo) => Promise<Response>,
  ): {
    addr: { hostname: string; port: number } | { path: string };
    finished: Promise<void>;
    ref(): void;
    unref(): void;
  };
  createHttpClient(options: {
    caCerts?: string[];
    cert?: string;
    key?: string;
    proxy?: { transport: "unix"; path: string };
  }): { close(): void };
}

type DenoServeOptions =
  & ({ hostname: string; port: number } | { path: string })
  & { signal: AbortSignal; onListen: () => void };

interface DenoRequestInfo {
  readonly remoteAddr: { hostname?: string };
  readonly completed: Promise<void>;
}

/** The versions that a certificate can end, which they do not try before. */
const SHOWS_BLINDLY = /^2\.9\.[0-5]$/;

const { Deno } = globalThis as unknown as { Deno: DenoGlobal };

/** Deno, by `Deno.serve`, or by `node:http` for options that it lacks. */
export const deno: Runtime = {
  name: "Deno",
  version: Deno.version.deno,
  async listen(options): Promise<Listener> {
    const { tls, limits } = options;
    // `Deno.serve` has no limits. Its TLS takes no client certificates and no
    // renewal, is silently left out on a unix socket, and lets handshakes stall
    // beyond the server's end.
    if (tls === undefined && limitNames(limits).length === 0) {
      return listenByServe(options);
    }
    const { listenByNodeHttp } = await import("./node_http.ts");
    try {
      return await listenByNodeHttp(options, { sharesSessions: true });
    } catch (error) {
      // Deno's code for an address of another machine.
      if ((error as { code?: string }).code !== "EINVAL") throw error;
      throw Object.assign(error as Error, { code: "EADDRNOTAVAIL" });
    }
  },
  // Async, so that an error becomes a rejection.
  // deno-lint-ignore require-await
  async fetchClient({ tls, unix }) {
    if (tls?.cert !== undefined && SHOWS_BLINDLY.test(Deno.version.deno)) {
      throw unusable(
        "tls.cert needs Deno 2.9.6 or later, since those before end the process " +
          `if they cannot show it, received Deno ${Deno.version.deno}`,
      );
    }
    try {
      const client = Deno.createHttpClient({
        ...tls?.ca !== undefined && { caCerts: splitCertificates(tls.ca) },
        ...tls?.cert !== undefined && { cert: tls.cert, key: tls.key },
        ...unix !== undefined && { proxy: { transport: "unix", path: unix } },
      });
      return {
        fetch: (url, init) => fetch(url, { ...init, client } as RequestInit),
        close: () => Promise.resolve(client.close()),
      };
    } catch (cause) {
      throw tls?.cert === undefined ? cause : cannotShow("tls.cert", cause);
    }
  },
};

function listenByServe({ address, handler }: ListenOptions): Listener {
  let inFlight = 0;
  /** When all answers have arrived, by `now()`. */
  let arrivedAt = 0;
  /** Set once the server closes; called with the last answer. */
  let onIdle: (() => void) | undefined;
  const aborter = new AbortController();
  const server = Deno.serve(
    {
      ...address,
      signal: aborter.signal,
      // Without it Deno prints a banner.
      onListen: () => {},
    },
    answer,
  );
  return {
    address: server.addr,
    ref: () => server.ref(),
    unref: () => server.unref(),
    // `shutdown()` would wait for clients that stall, and nothing could end them.
    async stop() {
      await drained();
      await cut();
    },
    cut,
  };

  async function answer(
    request: Request,
    info: DenoRequestInfo,
  ): Promise<Response> {
    if (onIdle) {
      return nativeResponse(
        plainAnswer(503, "The server is closing", { connection: "close" }),
      );
    }
    inFlight++;
    let bytes = 0;
    const end = () => {
      arrivedAt = Math.max(arrivedAt, now() + lingerMs(bytes));
      if (--inFlight === 0) onIdle?.();
    };
    info.completed.then(end, end);
    const response = nativeResponse(
      await handler(request, () => info.remoteAddr.hostname),
    );
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
    if (ms > 0) await sleep(ms, { signal: aborter.signal });
  }

  function cut(): Promise<void> {
    aborter.abort();
    return server.finished;
  }
}

/** The size of a body that the system takes even if the client does not read. */
const SMALL_BODY_BYTES = 64 * 1024;

/**
 * How long an answer may be under way after Deno calls it complete: a large one a
 * second, plus its size at 10 MB a second. Nothing tells when the client has it.
 */
function lingerMs(bytes: number): number {
  return bytes <= SMALL_BODY_BYTES ? 50 : 1000 + bytes / 10_000;
}
