import { assertEquals } from "@std/assert";
import { missing } from "../../../tools/servers/locate.ts";
import { Authority } from "../../_certificates.ts";
import { createProject } from "./_project.ts";
import { test } from "../../_suite.ts";
import { type Consul, withConsul } from "../../discovery/_consul.ts";

/** A program of a user, which registers a server with an agent that speaks TLS. */
function programFor({ httpsUrl }: Consul, ca: string): string {
  return `
import { ConsulAgent, ConsulError } from "@prometheus-async/prometheus-async/discovery";
import { startHttpServer } from "@prometheus-async/prometheus-async/server";
import { startHttpServerInThread } from "@prometheus-async/prometheus-async/thread";
import * as root from "@prometheus-async/prometheus-async";
import { Registry } from "prom-client";

const address = ${JSON.stringify(httpsUrl)};
const tls = { ca: ${JSON.stringify(ca)} };
const registry = new Registry();
const known = { registry, serviceDiscovery: new ConsulAgent({ address, tls }) };
const strange = { registry, serviceDiscovery: new ConsulAgent({ address }) };
const starts = [() => startHttpServer(known), () => startHttpServerInThread(known)];
const refused = [() => startHttpServer(strange), () => startHttpServerInThread(strange)];
const results = [root.ConsulAgent === ConsulAgent];
for (const start of starts) {
  const server = await start();
  results.push(server.isRegistered);
  await server.close();
  results.push(!server.isRegistered);
}
for (const start of refused) {
  results.push(await start().then(() => false, (error) => error instanceof ConsulError));
}
console.log(results.join(" "));
`;
}

test(
  "the published package registers, with the permissions that are documented",
  { skip: missing("consul") },
  async () => {
    const authority = await Authority.create();
    const project = await createProject();
    try {
      const tls = { ...await authority.server(), caFile: authority.certFile };
      await withConsul({ tls }, async (consul) => {
        const program = programFor(consul, authority.cert);
        await project.check(program);
        const output = await project.run(
          program,
          "--allow-net",
          "--allow-env=CONSUL_HTTP_ADDR,CONSUL_HTTP_TOKEN",
        );
        assertEquals(output.trim(), Array(7).fill(true).join(" "));
        assertEquals(await consul.services(), {});
      });
    } finally {
      await project.remove();
    }
  },
);
