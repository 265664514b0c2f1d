/** Ports for programs that cannot choose one themselves. */
import { createServer, type Server } from "node:net";

/**
 * Where ports are looked for: below those that systems give to whoever asks for
 * any, and so to all other servers and connections of the tests. A program that
 * is started again mostly finds its port free: only others that look here may
 * have it.
 */
const FIRST = 11_000;
const LAST = 32_000;

/** Finds ports on loopback that are free, all at once so that no two are alike. */
export async function freePorts(count: number): Promise<number[]> {
  const taken: [port: number, server: Server][] = [];
  while (taken.length < count) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    const server = await takePort(port);
    if (server !== undefined) taken.push([port, server]);
  }
  await Promise.all(
    taken.map(([, server]) => new Promise((resolve) => server.close(resolve))),
  );
  return taken.map(([port]) => port);
}

/** Takes a port; yields nothing if somebody has it. */
export function takePort(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    // A test that looks for another server here must not wait for an answer.
    const server = createServer((socket) => socket.destroy());
    server.once("error", () => resolve(undefined));
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}

/**
 * A port is taken that must be free. A system gives it anew as soon as it is, so
 * that it may be another test's by now: a test that finds one so runs once more.
 */
export class PortTaken extends Error {
  constructor(port: number) {
    super(`Somebody listens at port ${port}, which must be free`);
  }
}
