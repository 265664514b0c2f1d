import {
  startHttpServer,
  type StartHttpServerOptions,
} from "../../src/server/mod.ts";
import { runtimeName } from "../../src/runtime/detect.ts";
import { assert, assertRejects, assertStringIncludes } from "@std/assert";
import { connect, type Socket } from "node:net";
import * as client from "prom-client";
import { Authority } from "../_certificates.ts";
import { test } from "../_suite.ts";
import { waitUntil } from "../_wait.ts";
import { withServer } from "./_servers.ts";

const registry = new client.Registry();
const { cert, key } = await (await Authority.create()).server();

/** How many clients were closed so far. */
let closed = 0;

/** A client that sends a text, then another one again and again. */
class SlowClient {
  readonly #socket: Socket;
  readonly #timer: ReturnType<typeof setInterval>;
  received = "";
  /** Once its connection is closed, how many were closed with it. */
  closedAs: number | undefined;

  constructor(port: number, first: string, then = "") {
    this.#socket = connect(port, "127.0.0.1");
    if (first !== "") this.#socket.write(first);
    this.#timer = setInterval(() => {
      if (then !== "") this.#socket.write(then);
    }, 100);
    this.#socket.on("data", (chunk) => this.received += chunk)
      .on("error", () => {})
      .once("close", () => {
        this.closedAs = ++closed;
        clearInterval(this.#timer);
      });
  }

  get isClosed(): boolean {
    return this.closedAs !== undefined;
  }

  end(): void {
    clearInterval(this.#timer);
    this.#socket.destroy();
  }
}

/** Fails unless clients were closed before others, which may still be open. */
function assertSooner(
  clients: readonly SlowClient[],
  others: readonly SlowClient[],
): void {
  const last = Math.max(...clients.map(({ closedAs }) => closedAs!));
  const next = Math.min(...others.map(({ closedAs = Infinity }) => closedAs));
  assert(last < next, "one was held for as long as without the limit");
}

/** Options of a server by `node:http`, as one with limits is, without any. */
const UNLIMITED = { addr: "127.0.0.1", registry, maxConnections: 1000 };

const HEAD = "GET /metrics HTTP/1.1\r\nHost: a\r\n";

/**
 * Fails unless slow clients are cut off, while others are served: sooner than
 * without the limit, where runtimes hold them for ten seconds, or a minute.
 *
 * @param anyway The bytes of clients that are closed without a limit as well.
 */
async function assertCutOff(
  options: StartHttpServerOptions,
  firsts: readonly (readonly [string, string?])[],
  anyway: typeof firsts = [],
): Promise<void> {
  const { tls } = options;
  const isLimited = !(tls && runtimeName() === "bun");
  const servers = await Promise.all([
    startHttpServer({ addr: "127.0.0.1", registry, ...options }),
    startHttpServer({ ...UNLIMITED, tls }),
  ]);
  const [{ socket: { port }, metricsUrl }, { socket: other }] = servers;
  // Those without the limit are there first.
  const held = firsts.map((first) => new SlowClient(other.port, ...first));
  const clients = [...firsts, ...anyway].flatMap((first) =>
    Array.from({ length: 10 }, () => new SlowClient(port, ...first))
  );
  try {
    await waitUntil(60_000, "the slow clients are cut off", async () => {
      if (!tls) {
        const response = await fetch(metricsUrl);
        assert(await response.text() !== "");
      }
      return clients.every(({ isClosed }) => isClosed);
    });
    // Bun ends handshakes after ten seconds, whatever it is told.
    if (isLimited) assertSooner(clients, held);
  } finally {
    for (const client of [...clients, ...held]) client.end();
    await Promise.all(servers.map((server) => server.close()));
  }
}

test("headerTimeout cuts off clients that do not ask, and serves the others", async () => {
  await assertCutOff({ headerTimeout: 1000 }, [
    [""],
    ["GE"],
    [HEAD, "a: b\r\n"],
    [`${HEAD}\r\n${HEAD}`, "a: b\r\n"],
  ], [
    ["POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\na"],
  ]);
});

test("headerTimeout cuts off clients that do not finish a TLS handshake", async () => {
  // Bun has but one limit for that.
  const headerTimeout = runtimeName() === "bun" ? 10_000 : 1000;
  await assertCutOff({ headerTimeout, tls: { cert, key } }, [[""], ["\x16"]]);
});

test("idleTimeout ends connections between two requests", async () => {
  const options = { addr: "127.0.0.1", registry, idleTimeout: 500 };
  await withServer(UNLIMITED, (other) =>
    withServer(options, async (server) => {
      const ask = ({ socket }: { socket: { port: number } }) =>
        new SlowClient(socket.port, `${HEAD}\r\n`);
      const held = ask(other);
      const client = ask(server);
      await waitUntil(60_000, "it is answered", () => client.received !== "");
      await waitUntil(60_000, "it is ended", () => client.isClosed);
      // Runtimes end one as well, after five seconds or more.
      assertSooner([client], [held]);
      held.end();
    }));
});

const ASKING = `${HEAD}\r\n`;

/** Runs `fn` with clients of a server that may have three. */
async function withThree(
  firsts: readonly string[],
  fn: (
    clients: readonly SlowClient[],
    connect: (first: string) => Promise<SlowClient>,
  ) => Promise<void>,
): Promise<void> {
  const limits = { maxConnections: 3, idleTimeout: 60_000 };
  const options = { addr: "127.0.0.1", registry, ...limits };
  const clients: SlowClient[] = [];
  await withServer(options, async ({ socket: { port } }) => {
    const connect = async (first: string) => {
      const client = new SlowClient(port, first);
      clients.push(client);
      if (first !== ASKING) {
        // Nothing tells that a server has taken a client that is silent.
        await new Promise((resolve) => setTimeout(resolve, 50));
      } else {
        await waitUntil(
          60_000,
          "it is served or not",
          () => client.isClosed || client.received.includes("200 OK"),
        );
      }
      return client;
    };
    try {
      for (const first of firsts) await connect(first);
      await fn([...clients], connect);
    } finally {
      for (const client of clients) client.end();
    }
  });
}

test("maxConnections closes the client that has asked for nothing for longest", () =>
  withThree([ASKING, ASKING, ASKING], async ([first, ...others], connect) => {
    const fourth = await connect(ASKING);
    assertStringIncludes(fourth.received, "200 OK");
    await waitUntil(60_000, "the first is closed", () => first.isClosed);
    assert(others.every(({ isClosed }) => !isClosed));
  }));

test("maxConnections closes a client first that has never asked", () =>
  withThree([ASKING, "", "GE"], async ([first, silent, slow], connect) => {
    // In their first second they may still ask.
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await connect(ASKING);
    await waitUntil(60_000, "the silent one is closed", () => silent.isClosed);
    await connect(ASKING);
    await waitUntil(60_000, "the slow one is closed", () => slow.isClosed);
    assert(!first.isClosed);
  }));

test("maxConnections is exceeded for clients that may still ask, and no more than twofold", () =>
  withThree(["", "", "", "", "", ""], async (silent, connect) => {
    const { received } = await connect(ASKING);
    assertStringIncludes(received, "200 OK");
    await waitUntil(60_000, "the first is closed", () => silent[0].isClosed);
  }));

test("maxConnections serves others while silent clients come again and again", () =>
  withThree([], async (_, connect) => {
    for (let n = 0; n < 20; n++) {
      await Promise.all([connect(""), connect(""), connect("")]);
      const { received } = await connect(ASKING);
      assertStringIncludes(received, "200 OK");
    }
  }));

test("startHttpServer() refuses limits that are none", async () => {
  const wrong: [StartHttpServerOptions, typeof Error][] = [
    [{ headerTimeout: 99 }, RangeError],
    [{ headerTimeout: Infinity }, RangeError],
    [{ idleTimeout: NaN }, RangeError],
    [{ maxConnections: 0 }, RangeError],
    [{ maxConnections: 1.5 }, RangeError],
    [{ sendTimeout: 999 }, RangeError],
    [{ maxHeldBytes: 0 }, RangeError],
    [{ maxRate: 0 }, RangeError],
    [{ maxConnections: "1" as unknown as number }, TypeError],
    [{ headerTimeout: null as unknown as number }, TypeError],
  ];
  for (const [options, errorClass] of wrong) {
    await assertRejects(
      () => startHttpServer({ addr: "127.0.0.1", ...options }),
      errorClass,
      Object.keys(options)[0],
    );
  }
});
