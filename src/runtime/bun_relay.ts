import { connect, createServer, type Socket } from "node:net";
import { bind } from "./sockets.ts";
import type { Listener, ListenOptions, TlsCredentials } from "./types.ts";

/** Listens on loopback; `remoteAddress` yields a client's address by its port. */
type Serve = (
  tls: TlsCredentials,
  remoteAddress: (port: number) => string | undefined,
) => Listener;

interface Relayed {
  readonly target: Listener;
  /** The sockets to the target, by those of the clients. */
  readonly upstreams: Map<Socket, Socket>;
}

/**
 * Listens for servers of Bun whose certificate is renewed.
 *
 * A server of Bun keeps its first certificate. Closing it breaks the handshakes
 * under way, so a successor on the same port would cost requests. This listener
 * keeps the port and relays the encrypted bytes to the server with the latest
 * certificate; earlier servers end with their last connection.
 */
export async function listenByRelay(
  { address, tls }: ListenOptions & { tls: TlsCredentials },
  serve: Serve,
): Promise<Listener> {
  const server = createServer();
  const bound = await bind(server, address);
  /** The clients' addresses by the ports that they are relayed from. */
  const remoteAddresses = new Map<number, string>();
  /** The latest server, and those with connections. */
  const allRelayed = new Set<Relayed>();
  let isUnref = false;
  let latest: Relayed;
  let stopped: Promise<void> | undefined;
  try {
    latest = start(tls);
  } catch (error) {
    server.close();
    throw error;
  }
  server.on("connection", relay);

  function start(tls: TlsCredentials): Relayed {
    const target = serve(tls, (port) => remoteAddresses.get(port));
    if (isUnref) target.unref();
    const started = { target, upstreams: new Map<Socket, Socket>() };
    allRelayed.add(started);
    return started;
  }

  function relay(client: Socket): void {
    const relayed = latest;
    const { port } = relayed.target.address as { port: number };
    const upstream = connect(port, "127.0.0.1", () => {
      const { remoteAddress } = client;
      if (remoteAddress === undefined) return;
      remoteAddresses.set(upstream.localPort!, remoteAddress);
    });
    relayed.upstreams.set(client, upstream);
    if (isUnref) {
      client.unref();
      upstream.unref();
    }
    client.pipe(upstream);
    upstream.pipe(client);
    // The end of either connection ends both.
    client.on("error", () => upstream.destroy());
    upstream.on("error", () => client.destroy());
    upstream.once("end", () => client.destroySoon());
    upstream.once("close", () => {
      // Bun may close while received bytes are unread.
      if (upstream.readableLength === 0) client.destroySoon();
    });
    client.once("close", () => {
      upstream.end();
      remoteAddresses.delete(upstream.localPort!);
      relayed.upstreams.delete(client);
      endIfUnused(relayed);
    });
  }

  /** Ends an earlier server without connections. */
  function endIfUnused(relayed: Relayed): void {
    if (relayed === latest || relayed.upstreams.size > 0) return;
    allRelayed.delete(relayed);
    relayed.target.stop();
  }

  function setRef(way: "ref" | "unref"): void {
    isUnref = way === "unref";
    server[way]();
    for (const { target, upstreams } of allRelayed) {
      for (const each of [target, ...[...upstreams].flat()]) each[way]();
    }
  }

  async function stopAll(): Promise<void> {
    const closed = new Promise((resolve) => server.close(resolve));
    await Promise.all([...allRelayed].map(async ({ target, upstreams }) => {
      await target.stop();
      // Bun does not know clients that have sent nothing.
      for (const client of upstreams.keys()) {
        if (client.bytesRead === 0) client.destroy();
      }
    }));
    await closed;
  }

  const stop = () => stopped ??= stopAll();
  return {
    address: bound,
    // Async, so that an error of `Bun.serve` becomes a rejection.
    // deno-lint-ignore require-await
    async renew(tls) {
      if (stopped) return;
      const earlier = latest;
      latest = start(tls);
      endIfUnused(earlier);
    },
    ref: () => setRef("ref"),
    unref: () => setRef("unref"),
    stop,
    cut() {
      const stopped = stop();
      for (const { target, upstreams } of allRelayed) {
        target.cut();
        for (const client of upstreams.keys()) client.destroy();
      }
      return stopped;
    },
  };
}
