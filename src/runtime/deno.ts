import { cannotShow, splitCertificates, unusable } from "./certificates.ts";
import { listenByServe } from "./deno_serve.ts";
import { limitNames } from "./native_server.ts";
import type { Listener, Runtime } from "./types.ts";

/** The used part of Deno's global, so that any TypeScript checks it. */
interface DenoGlobal {
  version: { deno: string };
  createHttpClient(options: {
    caCerts?: string[];
    cert?: string;
    key?: string;
    proxy?: { transport: "unix"; path: string };
  }): { close(): void };
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
