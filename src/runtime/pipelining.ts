import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { until } from "./node_requests.ts";
import type { UnsentAnswers } from "./unsent_answers.ts";

type Asked = readonly [incoming: IncomingMessage, response: ServerResponse];

/** How many requests of a connection may wait; it ends with more. */
const MAX_WAITING = 256;

const NO_BYTES = new Uint8Array();

/**
 * Answers the requests of a connection one after the other. `node:http` passes all
 * that came in one packet at once, so that their answers would be held together.
 *
 * @param listener Settles when an answer is written.
 */
export function oneByOne(
  listener: (...asked: Asked) => Promise<void>,
  unsent: UnsentAnswers,
): (...asked: Asked) => void {
  const queues = new WeakMap<Socket, Asked[]>();
  return async (...asked) => {
    const { socket } = asked[0];
    const queue = queues.get(socket);
    if (queue) {
      if (queue.push(asked) > MAX_WAITING) socket.destroy();
      else socket.pause();
      return;
    }
    const waiting: Asked[] = [];
    queues.set(socket, waiting);
    await listener(...asked);
    for (let last: Asked = asked, next; (next = waiting.shift()); last = next) {
      await sent(last[1], socket, unsent);
      if (socket.destroyed) break;
      await listener(...next);
      if (waiting.length === 0) socket.resume();
    }
    queues.delete(socket);
  };
}

/** Waits until the system has a response that was written, or the client has gone. */
async function sent(
  response: ServerResponse,
  socket: Socket,
  unsent: UnsentAnswers,
): Promise<void> {
  if (response.writableFinished || socket.destroyed) return;
  const rest = unsent.add(NO_BYTES, () => socket.destroy());
  await until("finish", response);
  unsent.remove(rest);
}
