/** The same routes for every server: what each is to answer. */
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

/** An answer, for each framework to send in its own way. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Readable | null;
}

/** The parameters of a route, by their names. */
export type Params = Readonly<Record<string, string>>;

/** The events of an application, and the promises that its routes wait for. */
export class Stage {
  /** The requests whose handler was called. */
  began = 0;
  /** How long the last stream took to write, in seconds. */
  streamed = 0;
  readonly #gate: PromiseWithResolvers<void> = Promise.withResolvers();

  /** Lets the handlers that wait answer. */
  open(): void {
    this.#gate.resolve();
  }

  /** The routes of the application itself. */
  readonly routes: Readonly<
    Record<string, (params: Params) => Reply | Promise<Reply>>
  > = {
    "/users/:id": ({ id }) => text(`user ${id}`),
    "/stream": () => text(Readable.from(this.#chunks(4, 100))),
    // A client that goes away ends it.
    "/endless": () => text(Readable.from(this.#chunks(Infinity, 20))),
    "/slow": async () => {
      this.began++;
      await this.#gate.promise;
      return text("late");
    },
    "/throws": () => {
      throw new Error("thrown on purpose");
    },
    "/breaks": () => text(Readable.from(this.#breaking())),
    "/redirect": () => text("", 302, { location: "/users/1" }),
    "/unchanged": () => ({ ...text(null, 304), headers: { etag: '"1"' } }),
    "/range": () => text("ser", 206, { "content-range": "bytes 1-3/6" }),
  };

  /** The routes of a router that is mounted at {@linkcode MOUNT}. */
  readonly nested: Readonly<Record<string, (params: Params) => Reply>> = {
    "/items/:item": ({ item }) => text(`item ${item}`),
  };

  async *#chunks(count: number, pauseMs: number): AsyncGenerator<string> {
    const startedAt = performance.now();
    for (let n = 0; n < count; n++) {
      if (n > 0) await sleep(pauseMs);
      this.streamed = (performance.now() - startedAt) / 1000;
      yield `chunk ${n}\n`;
    }
    await sleep(pauseMs);
    this.streamed = (performance.now() - startedAt) / 1000;
  }

  async *#breaking(): AsyncGenerator<string> {
    yield "begun\n";
    await sleep(20);
    throw new Error("broken on purpose");
  }
}

/** Where the nested router is mounted. */
export const MOUNT = "/v2/:tenant";

function text(
  body: Reply["body"],
  status = 200,
  headers: Reply["headers"] = {},
): Reply {
  return {
    status,
    headers: { "content-type": "text/plain", ...headers },
    body,
  };
}
