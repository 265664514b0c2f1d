import {
  startHttpServer,
  type StartHttpServerOptions,
} from "../../../src/server/mod.ts";
import { readFile } from "node:fs/promises";
import * as client from "prom-client";
import { missing } from "../../../tools/servers/locate.ts";
import { Authority } from "../../_certificates.ts";
import { test } from "../../_suite.ts";
import { assertSoon } from "../../_wait.ts";
import { startPrometheus } from "../../e2e/_prometheus.ts";

const authority = await Authority.create();
const own = await authority.server();
const scraper = await authority.client();
const { cert, key } = own;

/** The placeholders of the page's configurations, by their values here. */
const REPLACED: Readonly<Record<string, string>> = {
  "/etc/prometheus/ca.pem": authority.certFile,
  "/etc/prometheus/client.pem": scraper.certFile,
  "/etc/prometheus/client.key": scraper.keyFile,
};

/** The servers that the configurations in docs/serving.md are for. */
const SERVERS: Readonly<Record<string, StartHttpServerOptions>> = {
  "basic-auth": { auth: { basic: { prometheus: "a-long-random-password" } } },
  "bearer-token": { auth: { bearer: ["a-long-random-token"] } },
  "tls": { tls: { cert, key } },
  "client-certificate": { tls: { cert, key, clientCa: authority.cert } },
};

/** Reads the page's configuration of a job, to scrape a target with it often. */
async function configOf(name: string, target: string): Promise<string> {
  const page = await readFile(
    new URL("../../../docs/serving.md", import.meta.url),
    "utf8",
  );
  const blocks = page.matchAll(/```yaml\n([^]*?)```/g);
  for (const [, block] of blocks) {
    if (!block.includes(`job_name: ${name}\n`)) continue;
    const text = Object.entries(REPLACED)
      .reduce((text, [from, to]) => text.replaceAll(from, to), block);
    return "global: { scrape_interval: 1s }\n" +
      text.replaceAll(/app\.example:\d+/g, target);
  }
  throw new Error(`docs/serving.md has no configuration of the job ${name}`);
}

for (const [name, options] of Object.entries(SERVERS)) {
  test(
    `a real Prometheus scrapes as docs/serving.md says, by ${name}`,
    { skip: missing("prometheus") },
    async () => {
      const registry = new client.Registry();
      new client.Counter({
        name: "jobs_total",
        help: "Jobs",
        registers: [registry],
      }).inc(3);
      const server = await startHttpServer({
        addr: "127.0.0.1",
        registry,
        ...options,
      });
      try {
        const target = new URL(server.url).host;
        const prometheus = await startPrometheus(await configOf(name, target));
        try {
          await assertSoon(
            [3],
            async () =>
              (await prometheus.query(`jobs_total{job="${name}"}`))
                .map(({ value }) => value),
          );
          // On a busy machine a scrape may take too long, but not each.
          await assertSoon(
            [["up", ""]],
            async () =>
              (await prometheus.targets())
                .map(({ health, lastError }) => [health, lastError]),
          );
        } finally {
          await prometheus.stop();
        }
      } finally {
        await server.close();
      }
    },
  );
}
