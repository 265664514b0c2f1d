import { Agent, fetch } from "undici";
import type { Fetch, FetchClient, FetchClientOptions } from "./types.ts";

/**
 * Makes a `fetch` for Node, whose global one takes no credentials. It is the
 * package that Node's own is made from, since that one cannot be imported.
 */
export function undiciClient({ tls, unix }: FetchClientOptions): FetchClient {
  const dispatcher = new Agent({
    connect: { ...tls, ...unix !== undefined && { socketPath: unix } },
  });
  const own = fetch as unknown as Fetch;
  return {
    fetch: (url, init) => own(url, { ...init, dispatcher } as RequestInit),
    close: () => dispatcher.destroy(),
  };
}
