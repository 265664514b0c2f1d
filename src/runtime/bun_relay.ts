import { connect, createServer, type Socket } from "node:net";
import { bind } from "./bind.ts";
import type { Listener, ListenOptions, TlsCredentials } from "./types.ts";

/**
 * Listens on a port of loopback by `Bun.serve`.
 *
 * @param tls The certificate that it shows.
 * @param remoteAddress Tells whose connection one is, by its port.
 */
type Serve = (
  tls: TlsCredentials,
  remoteAddress: (port: number) => string | undefined,
) => RelayTarget;

/** A server that is relayed to. */
interface RelayTarget extends Omit<Listener, "address" | "renew"> {
  /** Its port. */
  readonly port: number;
}

/** A server of Bun, and who is connected to it. */
interface Relayed {
  readonly target: RelayTarget;
  readonly clients: Set<Socket>;
}

/**
 * Listens for servers of Bun whose certificate is renewed.
 *
 * A server of Bun keeps the certificate that it started with, and closing it
 * breaks the handshakes under way, so that a successor that shares the port
 * would cost requests. Here the port stays, and what comes is relayed as it is,
 * encrypted, to the server with the latest certificate; earlier ones end with
 * their last connection.
 */
export async function listenByRelay(
  { address, tls }: ListenOptions & { tls: TlsCredentials },
  serve: Serve,
): Promise<Listener> {
  const server = createServer();
  const bound = await bind(server, address);
  /** The addresses of the clients by the ports that they are relayed from. */
  const remoteAddresses = new Map<number, string>();
  /** Those that somebody is connected to, and the latest one. */
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
    const started = { target, clients: new Set<Socket>() };
    allRelayed.add(started);
    return started;
  }

  function relay(client: Socket): void {
    const relayed = latest;
    relayed.clients.add(client);
    const upstream = connect(relayed.target.port, "127.0.0.1", () => {
      const { remoteAddress } = client;
      if (remoteAddress === undefined) return;
      remoteAddresses.set(upstream.localPort!, remoteAddress);
    });
    if (isUnref) {
      client.unref();
      upstream.unref();
    }
    client.pipe(upstream);
    upstream.pipe(client);
    // What ends one of them ends both.
    client.on("error", () => upstream.destroy());
    upstream.on("error", () => client.destroy());
    upstream.once("end", () => client.destroySoon());
    upstream.once("close", () => {
      // Bun closes before what has been received is read.
      if (upstream.readableLength === 0) client.destroySoon();
    });
    client.once("close", () => {
      upstream.end();
      remoteAddresses.delete(upstream.localPort!);
      relayed.clients.delete(client);
      endIfUnused(relayed);
    });
  }

  /** Ends a server that is not the latest one when nobody uses it any more. */
  function endIfUnused(relayed: Relayed): void {
    if (relayed === latest || relayed.clients.size > 0) return;
    allRelayed.delete(relayed);
    relayed.target.stop();
  }

  function everything(): Iterable<{ ref(): void; unref(): void }> {
    const relayed = [...allRelayed]
      .flatMap(({ target, clients }) => [target, ...clients]);
    return [server, ...relayed];
  }

  async function stopAll(): Promise<void> {
    const closed = new Promise((resolve) => server.close(resolve));
    await Promise.all([...allRelayed].map(async ({ target, clients }) => {
      await target.stop();
      // It never heard of those who have not said anything.
      for (const client of clients) {
        if (client.bytesRead === 0) client.destroy();
      }
    }));
    await closed;
  }

  const stop = () => stopped ??= stopAll();
  return {
    address: bound,
    // Async, so that what `Bun.serve` throws becomes a rejection.
    // deno-lint-ignore require-await
    async renew(tls) {
      if (stopped) return;
      const earlier = latest;
      latest = start(tls);
      endIfUnused(earlier);
    },
    ref() {
      isUnref = false;
      for (const each of everything()) each.ref();
    },
    unref() {
      isUnref = true;
      for (const each of everything()) each.unref();
    },
    stop,
    cut() {
      const stopped = stop();
      for (const { target, clients } of allRelayed) {
        target.cut();
        for (const client of clients) client.destroy();
      }
      return stopped;
    },
  };
}
