import { assert, assertEquals } from "@std/assert";
import * as client from "prom-client";
import type { MetricsHttpServer } from "../../src/server/mod.ts";
import { PUBLIC_PORT } from "../_profile.ts";
import { test } from "../_suite.ts";
import { withThread } from "../thread/_threads.ts";
import { send, withServer } from "./_servers.ts";

const registry = new client.Registry();
new client.Counter({ name: "jobs", help: "J", registers: [registry] }).inc();

/** Asks for a target as it stands. */
async function ask(
  server: Pick<MetricsHttpServer, "socket">,
  target: string,
  host: string,
): Promise<string> {
  const lines = [
    `GET ${target} HTTP/1.1`,
    `Host: ${host}`,
    "Connection: close",
  ];
  return await send(server, `${lines.join("\r\n")}\r\n\r\n`);
}

async function assertGuarded(
  server: Pick<MetricsHttpServer, "socket">,
): Promise<void> {
  const [host] = PUBLIC_PORT.hosts!;
  const right = await ask(server, "/metrics", `${host}:9464`);
  assert(right.includes("\njobs 1\n"), right);
  const answers = await Promise.all([
    ask(server, "/metrics", "evil.example"),
    ask(server, "/-/healthy/../../metrics", host),
    ask(server, "/x/%2e%2e/metrics", host),
    ask(server, "/-/healthy", "x/metrics?"),
    ask(server, "/-/healthy", "10.0.0.1"),
  ]);
  assertEquals(
    answers.map((answer) => answer.split(" ")[1]),
    ["421", "404", "404", "400", "200"],
  );
  assert(answers.every((answer) => !answer.includes("jobs")));
}

test("the profile for a public port serves its hosts and no other", () =>
  withServer({ ...PUBLIC_PORT, addr: "127.0.0.1", registry }, assertGuarded));

test("the profile for a public port does so on a thread", () =>
  withThread({ ...PUBLIC_PORT, registry }, assertGuarded));
