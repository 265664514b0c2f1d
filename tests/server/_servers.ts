/** Servers for the tests, on every adapter that the runtime has. */
import {
  ListenError,
  type MetricsHttpServer,
  startHttpServer,
  type StartHttpServerOptions,
} from "../../src/server/mod.ts";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import * as client from "prom-client";
import { PortTaken } from "../_ports.ts";
import { test, type TestOptions } from "../_suite.ts";
import { waitUntil } from "../_wait.ts";

/** The reason to skip a test that needs IPv6, if there is one. */
export const withoutIpv6: string | undefined = Object.values(
    networkInterfaces(),
  ).flat().some((each) => each?.address === "::1")
  ? undefined
  : "this system has no IPv6";

/**
 * Options by which a server listens with one adapter or the other. Node has but
 * one, which the tests then run against twice.
 */
const ADAPTERS: Readonly<Record<string, StartHttpServerOptions>> = {
  "the runtime's own server": { addr: "127.0.0.1" },
  // No other server of Deno or Bun counts connections.
  "node:http": { addr: "127.0.0.1", maxConnections: 1000 },
};

type Contract = (loopback: StartHttpServerOptions) => void | Promise<void>;

/** Declares a test that must pass on every adapter. */
export function contract(name: string, fn: Contract): void;
export function contract(
  name: string,
  options: TestOptions,
  fn: Contract,
): void;
export function contract(
  name: string,
  ...rest: [Contract] | [TestOptions, Contract]
): void {
  const [options, fn] = rest.length === 1 ? [{}, rest[0]] : rest;
  for (const [adapter, loopback] of Object.entries(ADAPTERS)) {
    test(`${name}, by ${adapter}`, options, () => fn(loopback));
  }
}

/** Runs `fn` with a server, which is closed afterwards. */
export async function withServer(
  options: StartHttpServerOptions,
  fn: (server: MetricsHttpServer) => void | Promise<void>,
): Promise<void> {
  const server = await startHttpServer(options);
  try {
    await fn(server);
  } finally {
    await server.close();
  }
}

/**
 * Runs `fn` with a port that was free a moment ago; with another one when that
 * turns out to be taken meanwhile, as by another test's server.
 */
export async function withFreePort(
  fn: (port: number) => Promise<void>,
): Promise<void> {
  for (let attempt = 1;; attempt++) {
    const server = await startHttpServer({ addr: "127.0.0.1" });
    await server.close();
    try {
      return await fn(server.socket.port);
    } catch (error) {
      const isTaken = error instanceof ListenError &&
        error.code === "EADDRINUSE";
      if (!isTaken || attempt === 2) throw error;
    }
  }
}

/** A registry whose one metric takes its time to collect. */
export function slowRegistry(): {
  registry: InstanceType<typeof client.Registry>;
  asked: Promise<void>;
  answer: () => void;
} {
  const registry = new client.Registry();
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  new client.Gauge({
    name: "slow",
    help: "Slow",
    registers: [registry],
    async collect() {
      asked.resolve();
      await answer.promise;
      this.set(42);
    },
  });
  return { registry, asked: asked.promise, answer: answer.resolve };
}

/** A registry whose metrics take 1 kB a series, 20 MB by default. */
export function largeRegistry(
  series = 20_000,
): InstanceType<typeof client.Registry> {
  const registry = new client.Registry();
  const large = new client.Gauge({
    name: "large",
    help: "Large",
    labelNames: ["n"],
    registers: [registry],
  });
  const filler = "x".repeat(1000);
  for (let n = 0; n < series; n++) large.set({ n: `${filler}${n}` }, n);
  return registry;
}

/** Spells a user and a password as a client sends them. */
export function basic(user: string, password: string): string {
  const bytes = new TextEncoder().encode(`${user}:${password}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

/** Sends bytes and yields all that is answered until the connection ends. */
export function send(
  server: Pick<MetricsHttpServer, "socket">,
  request: string,
): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const { addr, port } = server.socket;
    const socket = connect(port, addr, () => socket.write(request));
    socket.on("data", (chunk) => answer += chunk);
    socket.once("error", reject).once("close", () => resolve(answer));
  });
}

/**
 * Makes sure that a server has let go of its port.
 *
 * @throws {PortTaken} If somebody listens there.
 */
export async function assertFree(host: string, port: number): Promise<void> {
  if (await isListening(host, port)) throw new PortTaken(port);
}

/** Whether something accepts connections there. */
export function isListening(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/** Waits until a server takes no more work; `Deno.serve` says so with 503. */
export async function untilRefusing(
  { healthUrl }: MetricsHttpServer,
): Promise<void> {
  await waitUntil(60_000, "the server takes no more work", async () => {
    const response = await fetch(healthUrl).catch(() => undefined);
    await response?.body?.cancel();
    return response?.status !== 200;
  });
}
