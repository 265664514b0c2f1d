import { assertEquals } from "@std/assert";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { client } from "../_client.ts";
import { test } from "../_suite.ts";
import { live } from "./_live.ts";

/** Pushes a registry to a server of this process; yields what that received. */
async function push(registry: typeof client.register): Promise<string> {
  const bodies: string[] = [];
  const server = createServer(async (request, response) => {
    bodies.push(`${request.method} ${request.url}\n${await text(request)}`);
    response.end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const { port } = server.address() as AddressInfo;
    const gateway = new client.Pushgateway(
      `http://127.0.0.1:${port}`,
      {},
      registry,
    );
    await gateway.push({ jobName: "batch" });
    return bodies.join("\n");
  } finally {
    server.close();
    await once(server, "close");
  }
}

/** A registry whose metrics are updated, and mirrored if a function does that. */
function use(mirror: (registry: typeof client.register) => void) {
  const registry = new client.Registry();
  const options = { labelNames: ["a"], registers: [registry], help: "h" };
  const counter = new client.Counter({ name: "counter_total", ...options });
  const gauge = new client.Gauge({ name: "gauge", ...options });
  const histogram = new client.Histogram({ name: "histogram", ...options });
  const child = histogram.labels("1");
  counter.inc({ a: "1" }, 3);
  mirror(registry);
  counter.inc({ a: "1" }, 0.5);
  gauge.set({ a: "1" }, -1);
  child.observe(0.3);
  return registry;
}

test("a push to a gateway says what it says without a mirror", async () => {
  let close = () => {};
  const mirrored = use((registry) => {
    const { mirror } = live(registry);
    close = () => mirror.close();
  });
  try {
    assertEquals(await push(mirrored), await push(use(() => {})));
  } finally {
    close();
  }
});
