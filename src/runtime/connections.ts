import type { Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { UnsentAnswers } from "./unsent_answers.ts";
import { now } from "./wait.ts";

interface Connection {
  /** The socket to write to, with TLS the one that encrypts. */
  socket: Socket;
  readonly key: unknown;
  /** The responses to the requests that are being answered. */
  readonly responses: Set<ServerResponse>;
  hasAsked: boolean;
  /** When it was made, by `now()`. */
  readonly since: number;
}

/**
 * How long a new connection has until it must have asked, in milliseconds. For them
 * there may be twice as many as the limit says.
 */
const MOMENT_MS = 1000;

/**
 * The connections of a server of `node:http` or `node:https`, to end them one by
 * one: the server itself takes connections for idle while answers are on their way.
 */
export class Connections {
  readonly #server: Server;
  readonly #unsent: UnsentAnswers;
  readonly #max: number;
  /** Those that have asked for nothing for longest come first. */
  readonly #connections = new Map<unknown, Connection>();
  /** All sockets: with TLS the encrypting ones, and those below. */
  readonly #sockets = new Set<Socket>();
  #isUnref = false;
  #isClosing = false;

  /**
   * @param server A server that does not listen yet.
   * @param max The number of connections that there may be.
   */
  constructor(
    server: Server,
    { isTls, unsent, max = Infinity }: {
      readonly isTls: boolean;
      readonly unsent: UnsentAnswers;
      readonly max: number | undefined;
    },
  ) {
    this.#server = server;
    this.#unsent = unsent;
    this.#max = max;
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
    server.on("request", ({ socket }, response) => {
      const key = keyOf(socket);
      const connection = this.#connections.get(key);
      if (connection === undefined) return;
      connection.responses.add(response);
      connection.hasAsked = true;
      if (this.#max < Infinity) {
        this.#connections.delete(key);
        this.#connections.set(key, connection);
      }
      response.once("close", () => {
        connection.responses.delete(response);
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

  /**
   * Ends connections until there are few enough: one that has never asked, that asks
   * for nothing, that stalls, or whose answer has not begun, in this order.
   */
  #makeRoom(newest: Connection): void {
    while (this.#connections.size > this.#max) {
      const asking = now() - MOMENT_MS;
      const idle = this.#find((it) => !it.hasAsked && it.since < asking) ??
        this.#find((it) => it.hasAsked && it.responses.size === 0);
      if (idle === undefined && this.#connections.size <= 2 * this.#max) return;
      const other = idle ?? this.#find((it) => !it.hasAsked && it !== newest);
      if (other === undefined && this.#unsent.cutStalled(1)) return;
      const { key, socket } = other ??
        this.#find(({ responses }) =>
          ![...responses].some(({ headersSent }) => headersSent)
        )!;
      this.#connections.delete(key);
      socket.destroy();
    }
  }

  #find(is: (connection: Connection) => boolean): Connection | undefined {
    for (const each of this.#connections.values()) if (is(each)) return each;
    return undefined;
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
    else {
      const connection = {
        socket,
        key,
        responses: new Set<ServerResponse>(),
        hasAsked: false,
        since: now(),
      };
      this.#connections.set(key, connection);
      if (this.#connections.size > this.#max) this.#makeRoom(connection);
    }
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

function endIfIdle({ socket, responses }: Connection): void {
  // Written bytes are sent. `end()` would also wait for the client to end.
  if (responses.size === 0) socket.destroySoon();
}
