import type { Server } from "node:http";
import type { Socket } from "node:net";

interface Connection {
  /** The socket to write to, with TLS the one that encrypts. */
  socket: Socket;
  /** The number of requests that are being answered. */
  inFlight: number;
}

/**
 * The connections of a server of `node:http` or `node:https`, to end them one by
 * one: the server itself takes connections for idle while answers are on their way.
 */
export class Connections {
  readonly #server: Server;
  readonly #connections = new Map<unknown, Connection>();
  /** All sockets: with TLS the encrypting ones, and those below. */
  readonly #sockets = new Set<Socket>();
  #isUnref = false;
  #isClosing = false;

  /** @param server A server that does not listen yet. */
  constructor(server: Server, isTls: boolean) {
    this.#server = server;
    server.closeIdleConnections = () => {};
    server.on("connection", (socket) => {
      this.#track(socket);
      // On a unix socket nothing maps a socket below TLS to its connection.
      if (!isTls || keyOf(socket) !== socket) this.#add(socket);
    });
    server.on("secureConnection", (socket) => {
      this.#track(socket);
      this.#add(socket);
    });
    server.on("request", ({ socket }: { socket: Socket }, response) => {
      const connection = this.#connections.get(keyOf(socket));
      if (connection === undefined) return;
      connection.inFlight++;
      response.once("close", () => {
        connection.inFlight--;
        if (this.#isClosing) endIfIdle(connection);
      });
    });
  }

  /** Makes the server and its connections keep the process alive, or not. */
  setRef(way: "ref" | "unref"): void {
    this.#isUnref = way === "unref";
    for (const each of [this.#server, ...this.#sockets]) each[way]();
  }

  /** Ends idle connections now, and the others after their answers. */
  drain(): void {
    this.#isClosing = true;
    for (const connection of this.#connections.values()) endIfIdle(connection);
  }

  /** Ends all connections at once. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    if (this.#isUnref) socket.unref();
    socket.once("close", () => this.#sockets.delete(socket));
  }

  #add(socket: Socket): void {
    const key = keyOf(socket);
    const known = this.#connections.get(key);
    if (known) known.socket = socket;
    else this.#connections.set(key, { socket, inFlight: 0 });
    socket.once("close", () => {
      if (this.#connections.get(key)?.socket === socket) {
        this.#connections.delete(key);
      }
    });
  }
}

/** A key that the two sockets of a connection with TLS share, if possible. */
function keyOf(socket: Socket): unknown {
  const { remoteAddress, remotePort } = socket;
  return remotePort === undefined ? socket : `${remoteAddress} ${remotePort}`;
}

function endIfIdle({ socket, inFlight }: Connection): void {
  // Written bytes are sent. `end()` would also wait for the client to end.
  if (inFlight === 0) socket.destroySoon();
}
