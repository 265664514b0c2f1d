import { plainResponse } from "../plain_response.ts";
import { splitCertificates } from "./credentials.ts";
import { limitNames } from "./limits.ts";
import { nativeResponse } from "./native_response.ts";
import type {
  Listener,
  ListenOptions,
  RequestHandler,
  Runtime,
} from "./types.ts";

/** The part of Deno's global that is used here, so that any TypeScript checks it. */
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
  createHttpClient(options: DenoHttpClientOptions): { close(): void };
}

interface DenoHttpClientOptions {
  caCerts?: string[];
  cert?: string;
  key?: string;
  proxy?: { transport: "unix"; path: string };
}

type DenoServeOptions =
  & ({ hostname: string; port: number } | { path: string })
  & { signal: AbortSignal; onListen: () => void };

interface DenoRequestInfo {
  readonly remoteAddr: { hostname?: string };
  readonly completed: Promise<void>;
}

const { Deno } = globalThis as unknown as { Deno: DenoGlobal };

/** Deno, by `Deno.serve`, or by `node:http` for what that lacks. */
export const deno: Runtime = {
  name: "Deno",
  version: Deno.version.deno,
  async listen(options): Promise<Listener> {
    if (isForServe(options)) return listenByServe(options);
    const { listenByNodeHttp } = await import("./node_http.ts");
    try {
      return await listenByNodeHttp(options, { sharesSessions: true });
    } catch (error) {
      // That is how an address of another machine is called there.
      if ((error as { code?: string }).code !== "EINVAL") throw error;
      throw Object.assign(error as Error, { code: "EADDRNOTAVAIL" });
    }
  },
  // Async, so that what is thrown becomes a rejection.
  // deno-lint-ignore require-await
  async fetchClient({ tls, unix }) {
    const client = Deno.createHttpClient({
      ...tls?.ca !== undefined && { caCerts: splitCertificates(tls.ca) },
      ...tls?.cert !== undefined && { cert: tls.cert, key: tls.key },
      ...unix !== undefined && { proxy: { transport: "unix", path: unix } },
    });
    return {
      fetch: (url, init) => fetch(url, { ...init, client } as RequestInit),
      close: () => Promise.resolve(client.close()),
    };
  },
};

/**
 * `Deno.serve` knows no limits. With TLS it knows no client certificates and no
 * other certificate, leaves it out on a unix socket, silently, and has no end
 * for handshakes that stall, which outlive the server.
 */
function isForServe({ tls, limits }: ListenOptions): boolean {
  return tls === undefined && limitNames(limits).length === 0;
}

function listenByServe({ address, handler }: ListenOptions): Listener {
  const requests = new Requests(handler);
  const aborter = new AbortController();
  const server = Deno.serve(
    {
      ...address,
      signal: aborter.signal,
      // Without a listener of one's own Deno prints a banner.
      onListen: () => {},
    },
    (request, info) => requests.answer(request, info),
  );
  const cut = () => {
    aborter.abort();
    return server.finished;
  };
  return {
    address: server.addr,
    ref: () => server.ref(),
    unref: () => server.unref(),
    // Not by `shutdown()`: it waits for clients that stall, and nothing ends
    // them after it.
    async stop() {
      await requests.drained();
      await cut();
    },
    cut,
  };
}

/** What the system takes at once, even if the client does not read. */
const SMALL_BODY_BYTES = 64 * 1024;

/**
 * For how long an answer is under way after Deno has called it complete: nothing
 * tells when the client has it. A larger one has a second, and as much more as
 * 10 MB a second take.
 */
function lingerMs(bytes: number): number {
  return bytes <= SMALL_BODY_BYTES ? 50 : 1000 + bytes / 10_000;
}

/** The requests of one server. */
class Requests {
  readonly #handler: RequestHandler;
  #inFlight = 0;
  /** When the answers have arrived, by the clock of `performance`. */
  #arrivedAt = 0;
  /** Is called when the last one is answered, once the server closes. */
  #onIdle: (() => void) | undefined;

  constructor(handler: RequestHandler) {
    this.#handler = handler;
  }

  async answer(request: Request, info: DenoRequestInfo): Promise<Response> {
    if (this.#onIdle) {
      return nativeResponse(
        plainResponse(503, "The server is closing", { connection: "close" }),
      );
    }
    this.#inFlight++;
    let bytes = 0;
    const end = () => {
      const arrivedAt = performance.now() + lingerMs(bytes);
      this.#arrivedAt = Math.max(this.#arrivedAt, arrivedAt);
      if (--this.#inFlight === 0) this.#onIdle?.();
    };
    info.completed.then(end, end);
    const response = nativeResponse(
      await this.#handler(request, () => info.remoteAddr.hostname),
    );
    bytes = Number(response.headers.get("content-length"));
    return response;
  }

  /** Refuses what comes from now on, and waits for what came before. */
  async drained(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
      if (this.#inFlight === 0) resolve();
    });
    const ms = this.#arrivedAt - performance.now();
    if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
  }
}
