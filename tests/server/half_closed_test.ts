import { assertStringIncludes } from "@std/assert";
import { once } from "node:events";
import { connect } from "node:net";
import { runtimeName } from "../../src/runtime/detect.ts";
import { test } from "../_suite.ts";
import { slowRegistry, withServer } from "./_servers.ts";

const WITHOUT = {
  deno: "Deno.serve drops clients that end their side",
  bun: "Bun.serve drops clients that end their side",
  node: undefined,
}[runtimeName()];

for (
  const [adapter, maxConnections, skip] of [
    ["own", undefined, WITHOUT],
    ["node:http", 1000, undefined],
  ] as const
) {
  test(
    `a client that ends its side gets the answer, by the ${adapter} server`,
    { skip },
    async () => {
      const { registry, asked, answer } = slowRegistry();
      const options = { addr: "127.0.0.1", maxConnections, registry };
      await withServer(options, async ({ socket: { addr, port } }) => {
        const client = connect({ host: addr, port, allowHalfOpen: true });
        let text = "";
        client.on("data", (chunk) => text += chunk);
        client.end("GET /metrics HTTP/1.0\r\n\r\n");
        await asked;
        // The server learns of the end before it answers.
        await new Promise((resolve) => setTimeout(resolve, 50));
        answer();
        await once(client, "end");
        client.destroy();
        assertStringIncludes(text, "slow 42\n");
      });
    },
  );
}
