import type { Server } from "node:http";
import type { Socket } from "node:net";

/** A connection of a client. */
interface Connection {
  /** What is written to: of TLS the socket that encrypts. */
  socket: Socket;
  /** How many requests are being answered. */
  inFlight: number;
}

/**
 * The connections of a server of `node:http` or `node:https`, to end them one by
 * one: the server itself takes those for idle whose answers are on their way.
 */
export class Connections {
  readonly #connections = new Map<unknown, Connection>();
  /** Of TLS what is below; on a unix socket nothing tells what it belongs to. */
  readonly #raw = new Set<Socket>();
  #isUnref = false;
  #isClosing = false;

  /** Takes a server that does not listen yet. */
  constructor(server: Server, isTls: boolean) {
    server.closeIdleConnections = () => {};
    server.on("connection", (socket) => {
      if (isTls) this.#addRaw(socket);
      if (!isTls || keyOf(socket) !== socket) this.#add(socket);
    });
    server.on("secureConnection", (socket) => this.#add(socket));
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

  /** Keeps the process alive while there are any. */
  ref(): void {
    this.#isUnref = false;
    for (const socket of this.#sockets()) socket.ref();
  }

  /** Lets the process end although there are some. */
  unref(): void {
    this.#isUnref = true;
    for (const socket of this.#sockets()) socket.unref();
  }

  /** Ends those that are idle, and the others with their answers. */
  drain(): void {
    this.#isClosing = true;
    for (const connection of this.#connections.values()) endIfIdle(connection);
  }

  /** Ends all of them at once. */
  cut(): void {
    for (const socket of this.#sockets()) socket.destroy();
  }

  #sockets(): Socket[] {
    const sockets = [...this.#connections.values()].map(({ socket }) => socket);
    return [...sockets, ...this.#raw];
  }

  #addRaw(socket: Socket): void {
    this.#raw.add(socket);
    if (this.#isUnref) socket.unref();
    socket.once("close", () => this.#raw.delete(socket));
  }

  #add(socket: Socket): void {
    const key = keyOf(socket);
    const known = this.#connections.get(key);
    if (known) known.socket = socket;
    else this.#connections.set(key, { socket, inFlight: 0 });
    if (this.#isUnref) socket.unref();
    socket.once("close", () => {
      if (this.#connections.get(key)?.socket === socket) {
        this.#connections.delete(key);
      }
    });
  }
}

/** What both sockets of a connection with TLS have in common, if anything is. */
function keyOf(socket: Socket): unknown {
  const { remoteAddress, remotePort } = socket;
  return remotePort === undefined ? socket : `${remoteAddress} ${remotePort}`;
}

function endIfIdle({ socket, inFlight }: Connection): void {
  // What is written is sent; `end()` would wait for the client to end, too.
  if (inFlight === 0) socket.destroySoon();
}
