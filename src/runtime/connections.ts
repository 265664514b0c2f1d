import type { Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { UnsentAnswers } from "./unsent_answers.ts";
import { now } from "./wait.ts";

interface Connection {
  /** The socket to write to, with TLS the one that encrypts. */
  socket: Socket;
  /** The number of requests that are being answered. */
  inFlight: number;
  /** The response to its last request, if it has asked. */
  response: ServerResponse | undefined;
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
      connection.inFlight++;
      connection.response = response;
      if (this.#max < Infinity) {
        this.#connections.delete(key);
        this.#connections.set(key, connection);
      }
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

  /** Ends connections until there are few enough; the new one if all are in use. */
  #makeRoom(newest: Connection): void {
    while (this.#connections.size > this.#max) {
      const asking = now() - MOMENT_MS;
      const isSilent = ({ response }: Connection) => response === undefined;
      let chosen = this.#find((it) => isSilent(it) && it.since < asking) ??
        this.#find((it) => !isSilent(it) && it.inFlight === 0);
      if (chosen === undefined) {
        if (this.#connections.size <= 2 * this.#max) return;
        chosen = this.#find((it) => isSilent(it) && it !== newest);
        if (chosen === undefined && this.#unsent.cutStalled()) return;
        chosen ??= this.#find(({ response }) => !response?.headersSent);
      }
      const { socket } = chosen ?? newest;
      this.#connections.delete(keyOf(socket));
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
        inFlight: 0,
        response: undefined,
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

function endIfIdle({ socket, inFlight }: Connection): void {
  // Written bytes are sent. `end()` would also wait for the client to end.
  if (inFlight === 0) socket.destroySoon();
}
