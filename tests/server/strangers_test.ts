import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { connect, type Socket } from "node:net";
import * as client from "prom-client";
import type {
  MetricsHttpServer,
  StartHttpServerOptions,
} from "../../src/server/mod.ts";
import { runtimeName } from "../../src/runtime/detect.ts";
import { waitUntil } from "../_wait.ts";
import { contract, largeRegistry, withServer } from "./_servers.ts";

/** A registry of 8 MB, more than a system takes in a client's place. */
const registry = largeRegistry(8_000);

const HEAD = "GET /metrics HTTP/1.1\r\nHost: a\r\n";

/** Has a client answered: one scrape more than those that ask how many there were. */
async function answered<Client>(
  server: MetricsHttpServer,
  ask: () => Client,
): Promise<Client> {
  const before = (await ownMetrics(server)).answered;
  const client = ask();
  let own = 0;
  await waitUntil(60_000, "it is answered", async () => {
    const { status, answered } = await ownMetrics(server);
    if (status === 200) own++;
    return status === 200 && answered > before + own;
  });
  return client;
}

/** A client that reads only when it is told to. */
class UnreadingClient {
  readonly #socket: Socket;
  received = 0;
  head = "";
  isClosed = false;

  constructor({ socket: { port } }: MetricsHttpServer, text: string) {
    this.#socket = connect(port, "127.0.0.1");
    this.#socket.on("error", () => {})
      .on("close", () => this.isClosed = true);
    this.#socket.write(text);
  }

  /** Reads, with a pause after each portion. */
  read(pauseMs = 0): void {
    this.#socket.on("data", (chunk) => {
      this.received += chunk.length;
      if (this.head.length < 1000) this.head += chunk.toString("latin1");
      if (pauseMs === 0) return;
      this.#socket.pause();
      setTimeout(() => this.#socket.resume(), pauseMs);
    });
  }

  end(): void {
    this.#socket.destroy();
  }
}

/** Runs `fn` with a server, and a function that makes clients of it. */
async function withClients(
  options: StartHttpServerOptions,
  fn: (
    server: MetricsHttpServer,
    ask: (text?: string) => UnreadingClient,
  ) => Promise<void>,
): Promise<void> {
  const clients: UnreadingClient[] = [];
  await withServer({ registry, ...options }, async (server) => {
    const ask = (text = `${HEAD}\r\n`) => {
      const client = new UnreadingClient(server, text);
      clients.push(client);
      return client;
    };
    try {
      await fn(server, ask);
    } finally {
      for (const client of clients) client.end();
    }
  });
}

/** Scrapes what the server says of its scrapes. */
async function ownMetrics(
  { metricsUrl }: MetricsHttpServer,
): Promise<{ status: number; answered: number; inFlight: number }> {
  const names = ["scrapes_total", "scrapes_in_flight"]
    .map((name) => `name[]=prometheus_async_${name}`);
  const response = await fetch(`${metricsUrl}?${names.join("&")}`);
  const text = await response.text();
  const valueOf = (pattern: RegExp) => Number(pattern.exec(text)?.[1] ?? 0);
  return {
    status: response.status,
    answered: valueOf(/scrapes_total\{code="200".* (\d+)$/m),
    inFlight: valueOf(/scrapes_in_flight (\d+)$/m),
  };
}

/** `Bun.serve` ends a connection that asks again before it has read an answer. */
const endsPackets = (loopback: StartHttpServerOptions) =>
  runtimeName() === "bun" && loopback.maxConnections === undefined;

contract(
  "requests of one connection are answered one after the other",
  (loopback) =>
    withClients(loopback, async (server, ask) => {
      const client = ask(`${HEAD}\r\n`.repeat(100));
      await waitUntil(60_000, "the first is answered", async () => {
        return (await ownMetrics(server)).answered > 0;
      });
      const { answered: before } = await ownMetrics(server);
      for (let n = 1; n <= 5; n++) {
        const { status, inFlight, answered } = await ownMetrics(server);
        assertEquals(status, 200);
        assert(inFlight <= 2, `${inFlight} in flight`);
        assert(answered <= before + n + 1, `${answered} answered`);
      }
      // Nobody needs the place of the client, which may read on.
      assertEquals(client.isClosed, endsPackets(loopback));
    }),
);

contract(
  "all requests of one packet are answered to those who read",
  (loopback) =>
    withClients(loopback, async (_, ask) => {
      const last =
        "GET /-/healthy HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
      const client = ask(`${HEAD}\r\n`.repeat(4) + last);
      client.read();
      await waitUntil(60_000, "all are answered", () => client.isClosed);
      if (endsPackets(loopback)) return;
      assert(client.received > 4 * 8_000_000, `${client.received} bytes`);
    }),
);

contract(
  "clients that read nothing give way to others, and are told of once",
  async (loopback) => {
    const errors: string[] = [];
    const options = {
      ...loopback,
      maxInFlight: 2,
      onError: (error: unknown) => errors.push(String(error)),
    };
    await withClients(options, async (server, ask) => {
      const clients: UnreadingClient[] = [];
      for (let n = 0; n < 6; n++) {
        clients.push(await answered(server, ask));
      }
      assertEquals((await ownMetrics(server)).inFlight, 2);
      assertEquals(errors.length, 1);
      assertStringIncludes(errors[0], "the client took nothing for");
      for (const client of clients) client.read();
      await waitUntil(
        60_000,
        "they are closed, or were given all",
        () =>
          clients.every(({ isClosed, received }) =>
            isClosed || received > 8_000_000
          ),
      );
      const cutOff = clients.filter(({ received }) => received < 8_000_000);
      assertEquals(cutOff.length, 5);
    });
  },
);

contract(
  "a client that takes nothing within sendTimeout is cut off",
  async (loopback) => {
    const errors: string[] = [];
    const options = {
      ...loopback,
      sendTimeout: 1000,
      onError: (error: unknown) => errors.push(String(error)),
    };
    await withClients(options, async (server, ask) => {
      const client = ask();
      await waitUntil(60_000, "it is told of", () => errors.length > 0);
      assertStringIncludes(errors[0], "sendTimeout");
      assertEquals((await ownMetrics(server)).inFlight, 1);
      client.read();
      await waitUntil(60_000, "it is closed", () => client.isClosed);
      assert(client.received < 8_000_000, `${client.received} bytes`);
    });
  },
);

contract("a client that reads slowly is never cut off", async (loopback) => {
  const size = 20_000_000;
  const limits = { sendTimeout: 1000, maxInFlight: 1 };
  const options = { ...loopback, registry: largeRegistry(), ...limits };
  await withClients(options, async (server, ask) => {
    const client = ask();
    // 64 kB at a time: it takes longer than it may take nothing.
    client.read(10);
    await waitUntil(60_000, "it has all", async () => {
      // This waits for the only place, and may be refused in the end.
      await ownMetrics(server);
      return client.isClosed || client.received > size;
    });
    assert(client.received > size, `cut off at ${client.received} bytes`);
  });
});

contract(
  "maxHeldBytes bounds the answers that are not sent",
  async (loopback) => {
    const options = {
      ...loopback,
      maxHeldBytes: 10_000_000,
      sendTimeout: 600_000,
    };
    await withClients(options, async (server, ask) => {
      for (let n = 0; n < 4; n++) {
        await answered(server, ask);
      }
      await waitUntil(60_000, "one is held at most", async () => {
        return (await ownMetrics(server)).inFlight <= 2;
      });
    });
  },
);

const NAMES = ["first", "second", "third"];

/** A registry of metrics that are never done; tells when each is begun. */
function patience() {
  const registry = new client.Registry();
  const begun = NAMES.map(() => Promise.withResolvers<void>());
  for (const [n, name] of NAMES.entries()) {
    new client.Gauge({
      name,
      help: "H",
      registers: [registry],
      collect() {
        begun[n].resolve();
        return new Promise<void>(() => {});
      },
    });
  }
  return { registry, begun: begun.map(({ promise }) => promise) };
}

contract(
  "clients that have gone keep nobody out, however long they would wait",
  async (loopback) => {
    const { registry, begun } = patience();
    const options = { ...loopback, registry, maxInFlight: 3 };
    await withClients(options, async (server, ask) => {
      for (const [n, name] of NAMES.entries()) {
        const client = ask(
          `GET /metrics?name[]=${name} HTTP/1.1\r\nHost: a\r\n` +
            "X-Prometheus-Scrape-Timeout-Seconds: 600\r\n\r\n",
        );
        await begun[n];
        client.end();
      }
      assertEquals((await ownMetrics(server)).status, 200);
    });
  },
);

contract(
  "a body in chunks is refused, and its connection ends",
  (loopback) =>
    withClients(loopback, async (server, ask) => {
      const chunk = `10000\r\n${"x".repeat(65_536)}\r\n`;
      const chunked = "Transfer-Encoding: chunked\r\n";
      const client = ask(`${HEAD}${chunked}\r\n${chunk.repeat(20)}`);
      client.read();
      await waitUntil(60_000, "it is closed", () => client.isClosed);
      assert(client.received < 8_000_000);
      // The answer may be lost, since the connection ends with unread bytes.
      if (client.head !== "") assertStringIncludes(client.head, " 413 ");
      assertEquals((await ownMetrics(server)).status, 200);
    }),
);
