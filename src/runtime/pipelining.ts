import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

type Listener = (
  incoming: IncomingMessage,
  response: ServerResponse,
) => Promise<void>;

/** How many requests of a connection may wait; it ends with more. */
const MAX_WAITING = 256;

/**
 * Answers the requests of a connection one after the other. `node:http` passes all
 * that came in one packet at once, so that their answers would be held together.
 *
 * @param listener Settles when an answer is written.
 */
export function oneByOne(
  listener: Listener,
): (incoming: IncomingMessage, response: ServerResponse) => void {
  const queues = new WeakMap<Socket, Parameters<Listener>[]>();
  return async (incoming, response) => {
    const { socket } = incoming;
    const queue = queues.get(socket);
    if (queue) {
      if (queue.push([incoming, response]) > MAX_WAITING) socket.destroy();
      else socket.pause();
      return;
    }
    const waiting: Parameters<Listener>[] = [];
    queues.set(socket, waiting);
    await listener(incoming, response);
    for (let next; (next = waiting.shift()) && !socket.destroyed;) {
      await listener(...next);
      if (waiting.length === 0) socket.resume();
    }
    queues.delete(socket);
  };
}
