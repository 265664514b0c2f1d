import * as successor from "@prometheus-io/client";
import { assert } from "@std/assert";
import type { AddressInfo } from "node:net";
import * as promClient from "prom-client";
import { missing } from "../../../tools/servers/locate.ts";
import { Authority } from "../../_certificates.ts";
import { panelQueries } from "../../e2e/_dashboard.ts";
import { startPrometheus } from "../../e2e/_prometheus.ts";
import { APPLICATIONS } from "../../node/_applications.ts";
import { ask } from "../../node/_asking.ts";
import { Stage } from "../../node/_replies.ts";
import { test } from "../../_suite.ts";
import { assertSoon } from "../../_wait.ts";

/** Prometheus speaks no HTTP/2 in clear. */
const applications = APPLICATIONS.filter(({ protocol }) => protocol !== "h2c");

const REGISTRIES = [promClient.Registry, successor.Registry] as const;

for (const server of ["prometheus", "prometheus3"] as const) {
  test(
    `the panels about requests have data of every application, in ${server}`,
    {
      skip: missing(server),
    },
    async () => {
      const certificate = await (await Authority.create()).server();
      const stage = new Stage();
      const running = await Promise.all(
        applications.map((application, at) => {
          const registry = new REGISTRIES[at % 2]() as promClient.Registry;
          return application.start(stage, registry, certificate);
        }),
      );
      const ports = running.map(({ server }) =>
        (server.address() as AddressInfo).port
      );
      const prometheus = await startPrometheus({
        global: { scrape_interval: "1s" },
        scrape_configs: applications.map(({ name, protocol }, at) => ({
          job_name: name,
          ...protocol === "h2" && {
            scheme: "https",
            tls_config: { insecure_skip_verify: true },
          },
          static_configs: [{ targets: [`127.0.0.1:${ports[at]}`] }],
        })),
      }, { server });
      try {
        for (const [at, application] of applications.entries()) {
          const job = application.name.replaceAll(/[()]/g, ".");
          const queries = await panelQueries(/\bhttp_request/, job);
          assert(queries.length >= 4);
          for (const [title, query] of queries) {
            await assertSoon([application.name, title, true], async () => {
              await ask(application, ports[at], "/users/7");
              await ask(application, ports[at], "/throws");
              const found = await prometheus.query(query);
              const hasData = found.length > 0 &&
                found.some(({ value }) => value >= 0);
              return [application.name, title, hasData];
            });
          }
        }
        const targets = await prometheus.targets();
        assert(targets.every(({ health }) => health === "up"));
      } finally {
        await prometheus.stop();
        await Promise.all(running.map(({ close }) => close()));
      }
    },
  );
}
