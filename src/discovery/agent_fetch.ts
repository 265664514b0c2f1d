import { loadRuntime } from "../runtime/detect.ts";
import type { Fetch, FetchClient } from "../runtime/types.ts";
import { type ConsulTlsSettings, readClientTls } from "./consul_tls.ts";

/** What requests to an agent are sent with. */
export interface AgentFetchOptions {
  /** A fetch of the user's own. */
  readonly fetch: Fetch | undefined;
  readonly tls: ConsulTlsSettings | undefined;
  /** The file of the agent's socket, if it has one. */
  readonly unix: string | undefined;
}

/** Sends requests to an agent, always with the credentials of the moment. */
export class AgentFetch {
  readonly #options: AgentFetchOptions;
  #client: Promise<FetchClient> | undefined;
  /** The credentials that the client has, as a text. */
  #shown: string | undefined;
  #isClosed = false;

  /** Makes one that has no connections. */
  constructor(options: AgentFetchOptions) {
    this.#options = options;
  }

  /**
   * Gets ready for a request.
   *
   * @throws {TlsError} If the credentials cannot be used.
   * @throws {Error} If it is closed.
   */
  async prepare(): Promise<Fetch> {
    const { fetch, tls: settings, unix } = this.#options;
    if (settings === undefined && unix === undefined) {
      // The global one is looked up with every request: it may be replaced.
      return fetch ?? globalThis.fetch;
    }
    const tls = settings && await readClientTls(settings);
    const { fetchClient } = await loadRuntime();
    const shown = JSON.stringify(tls);
    if (this.#isClosed) throw new Error("Cannot ask Consul agent: it is over");
    if (this.#client === undefined || shown !== this.#shown) {
      void this.#drop();
      this.#shown = shown;
      const made = this.#client = fetchClient({ tls, unix });
      // One that cannot be made is no client.
      made.catch(() => {
        if (this.#client === made) this.#client = undefined;
      });
    }
    return (await this.#client).fetch;
  }

  /** Ends its connections; there will be no more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#drop();
  }

  async #drop(): Promise<void> {
    const dropped = this.#client;
    this.#client = undefined;
    await dropped?.then((client) => client.close()).catch(() => {});
  }
}
