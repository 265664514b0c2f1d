import { connect, createServer, type Server, type Socket } from "node:net";
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
export class BunRelay implements Listener {
  readonly address: Listener["address"];
  readonly #server: Server;
  readonly #serve: Serve;
  /** The addresses of the clients by the ports that they are relayed from. */
  readonly #remoteAddresses = new Map<number, string>();
  /** Those that somebody is connected to, and the latest one. */
  readonly #relayed = new Set<Relayed>();
  #latest: Relayed;
  #isUnref = false;
  #stopped: Promise<void> | undefined;

  /** Binds the socket. */
  static async listen(
    { address, tls }: ListenOptions & { tls: TlsCredentials },
    serve: Serve,
  ): Promise<BunRelay> {
    const server = createServer();
    const bound = await bind(server, address);
    try {
      return new BunRelay(server, serve, bound, tls);
    } catch (error) {
      server.close();
      throw error;
    }
  }

  /** Takes a socket that is bound. */
  constructor(
    server: Server,
    serve: Serve,
    address: Listener["address"],
    tls: TlsCredentials,
  ) {
    this.address = address;
    this.#server = server;
    this.#serve = serve;
    this.#latest = this.#start(tls);
    server.on("connection", (client) => this.#relay(client));
  }

  // Async, so that what `Bun.serve` throws becomes a rejection.
  // deno-lint-ignore require-await
  async renew(tls: TlsCredentials): Promise<void> {
    if (this.#stopped) return;
    const earlier = this.#latest;
    this.#latest = this.#start(tls);
    this.#endIfUnused(earlier);
  }

  ref(): void {
    this.#isUnref = false;
    for (const each of this.#everything()) each.ref();
  }

  unref(): void {
    this.#isUnref = true;
    for (const each of this.#everything()) each.unref();
  }

  stop(): Promise<void> {
    return this.#stopped ??= this.#stop();
  }

  cut(): Promise<void> {
    const stopped = this.stop();
    for (const { target, clients } of this.#relayed) {
      target.cut();
      for (const client of clients) client.destroy();
    }
    return stopped;
  }

  async #stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    await Promise.all([...this.#relayed].map(async ({ target, clients }) => {
      await target.stop();
      // It never heard of those who have not said anything.
      for (const client of clients) {
        if (client.bytesRead === 0) client.destroy();
      }
    }));
    await closed;
  }

  #everything(): Iterable<{ ref(): void; unref(): void }> {
    return [
      this.#server,
      ...[...this.#relayed].flatMap((
        { target, clients },
      ) => [target, ...clients]),
    ];
  }

  #start(tls: TlsCredentials): Relayed {
    const target = this.#serve(
      tls,
      (port) => this.#remoteAddresses.get(port),
    );
    if (this.#isUnref) target.unref();
    const started = { target, clients: new Set<Socket>() };
    this.#relayed.add(started);
    return started;
  }

  #relay(client: Socket): void {
    const relayed = this.#latest;
    relayed.clients.add(client);
    const upstream = connect(relayed.target.port, "127.0.0.1", () => {
      const { remoteAddress } = client;
      if (remoteAddress === undefined) return;
      this.#remoteAddresses.set(upstream.localPort!, remoteAddress);
    });
    if (this.#isUnref) {
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
      this.#remoteAddresses.delete(upstream.localPort!);
      relayed.clients.delete(client);
      this.#endIfUnused(relayed);
    });
  }

  /** Ends a server that is not the latest one when nobody uses it any more. */
  #endIfUnused(relayed: Relayed): void {
    if (relayed === this.#latest || relayed.clients.size > 0) return;
    this.#relayed.delete(relayed);
    relayed.target.stop();
  }
}
