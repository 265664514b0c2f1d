import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { connect } from "node:http2";
import { createServer as createNetServer } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { runtimeName } from "../../src/runtime/detect.ts";
import { withFolder } from "../_folder.ts";
import { freePorts } from "../_ports.ts";
import { runRuntime, startRuntime } from "../_spawn.ts";
import { test } from "../_suite.ts";
import { assertSoon, waitUntil } from "../_wait.ts";
import { FLAGS, samplesIn, withPreload } from "./_preloaded.ts";

const PROGRAM = "./tests/programs/untouched.ts";

/** A preload serves after a second; by then it has decided. */
const DECIDED_MS = 2500;

const skip = runtimeName() === "bun"
  ? "Bun does not tell of requests of HTTP/1"
  : undefined;

async function ask(port: number, ...paths: string[]): Promise<void> {
  for (const path of paths) {
    await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
  }
}

const ROUTES: Readonly<Record<string, readonly string[]>> = {
  express: [
    '{method="GET",route="/throws",status="500"} 1',
    '{method="GET",route="/users/:id",status="200"} 2',
    '{method="GET",route="_OTHER",status="404"} 1',
  ],
  fastify: [
    '{method="GET",route="/throws",status="500"} 1',
    '{method="GET",route="/users/:id",status="200"} 2',
    '{method="GET",route="_OTHER",status="404"} 1',
  ],
  http: [
    '{method="GET",route="_OTHER",status="200"} 3',
    '{method="GET",route="_OTHER",status="500"} 1',
  ],
};

for (const [kind, expected] of Object.entries(ROUTES)) {
  test(`requests of an untouched ${kind} application are counted by route`, {
    skip,
  }, async () => {
    await withPreload([PROGRAM, kind], {}, async ({ listening, scrape }) => {
      // Those before the metrics are served count as well.
      const port = await listening();
      await ask(port, "/users/1", "/users/2", "/throws", "/nowhere");
      await assertSoon(
        expected,
        async () => samplesIn(await scrape(), "http_requests_total"),
      );
      assertStringIncludes(
        await scrape(),
        '\nhttp_requests_inprogress{method="GET"} 0\n',
      );
    });
  });
}

test("requests of HTTP/2 are counted", async () => {
  await withPreload([PROGRAM, "http2"], {}, async ({ listening, scrape }) => {
    const session = connect(`http://127.0.0.1:${await listening()}`);
    const stream = session.request({ ":path": "/throws" });
    stream.resume();
    await once(stream, "close");
    session.close();
    const expected = ['{method="GET",route="_OTHER",status="500"} 1'];
    await assertSoon(
      expected,
      async () => samplesIn(await scrape(), "http_requests_total"),
    );
  });
});

test("an application may have metrics of the usual names, and make them late", {
  skip,
}, async () => {
  await withPreload([PROGRAM, "named"], {}, async (preloaded) => {
    const { listening, scrape, program } = preloaded;
    await ask(await listening(), "/");
    await waitUntil(
      60_000,
      "all are made",
      () => program.stdout.includes("made"),
    );
    await assertSoon(
      ['{code="200"} 1', '{method="GET",route="_OTHER",status="200"} 1'],
      async () => samplesIn(await scrape(), "http_requests_total"),
    );
  });
});

test("an application gets its port, also if it listens late", {
  skip: runtimeName() === "node" ? undefined : "only Node tells who listens",
}, async () => {
  const [port] = await freePorts(1);
  const variables = { PORT: String(port) };
  const given = [PROGRAM, "late", String(port)];
  await withPreload(given, { variables }, async ({ program }) => {
    const url = `http://127.0.0.1:${port}/`;
    const text = async () =>
      await fetch(url).then((response) => response.text(), () => "");
    await waitUntil(
      60_000,
      "the preload listens",
      async () => (await text()).includes("prometheus-async"),
    );
    await waitUntil(
      60_000,
      "the application listens",
      () => program.stdout.includes("listens"),
    );
    await assertSoon("hello", text);
  });
});

test("a program ends while the server's thread starts", async () => {
  // Before, while and after a preload starts it; its Consul never answers.
  const silent = createNetServer();
  await once(silent.listen(0, "127.0.0.1"), "listening");
  const { port } = silent.address() as { port: number };
  const env = { CONSUL_HTTP_ADDR: `127.0.0.1:${port}` };
  try {
    for (const ms of [1010, 1100, 1300, 2000]) {
      const startedAt = performance.now();
      const given = [PROGRAM, "brief", String(ms)];
      const variables = { CONSUL: "brief" };
      await withPreload(given, { variables, env }, async ({ program }) => {
        assertEquals(await program.ended(), 0);
        assertStringIncludes(program.stdout, "done");
        // The agent would have been waited for.
        const took = performance.now() - startedAt;
        assert(took < ms + 4000, `${took} ms after ${ms}`);
      });
    }
  } finally {
    silent.close();
  }
});

test("metrics are served while a handler blocks the main thread", async () => {
  await withPreload([PROGRAM, "express"], {}, async ({ listening, scrape }) => {
    const port = await listening();
    await scrape();
    let isOver = false;
    const blocking = ask(port, "/block").finally(() => isOver = true);
    let text = "";
    await waitUntil(60_000, "it blocks", async () => {
      text = await scrape();
      return /^prometheus_async_main_thread_responsive 0$/m.test(text);
    });
    assert(!isOver, "the block is over");
    assertStringIncludes(text, "\nruntime_info{");
    if (skip === undefined) {
      assertStringIncludes(
        text,
        '\nhttp_requests_inprogress{method="GET"} 1\n',
      );
    }
    await blocking;
  });
});

test("names and buckets are those of the environment", { skip }, async () => {
  const variables = { NAMES: "opentelemetry", BUCKETS: "1, 5", PATH: "/m" };
  await withPreload(
    [PROGRAM, "http"],
    { variables },
    async ({ listening, port }) => {
      await ask(await listening(), "/");
      const name = "http_server_request_duration_seconds_bucket";
      await assertSoon(["+Inf", "1", "5"], async () => {
        const response = await fetch(`http://127.0.0.1:${port}/m`)
          .catch(() => undefined);
        return samplesIn(await response?.text() ?? "", name)
          .map((line) => /le="([^"]+)"/.exec(line)![1]);
      });
    },
  );
});

test(
  "requests that the application measures count once",
  { skip },
  async () => {
    await withPreload(
      [PROGRAM, "measured"],
      {},
      async ({ listening, scrape }) => {
        const port = await listening();
        await ask(port, "/users/1");
        await scrape();
        await ask(port, "/users/2");
        await assertSoon(
          ['{method="GET",route="/users/:id",status="200"} 2'],
          async () => samplesIn(await scrape(), "own_http_requests_total"),
        );
        assertEquals(samplesIn(await scrape(), "http_requests_total"), []);
      },
    );
  },
);

test("a program ends by itself, with its own code", async () => {
  const error = await runRuntime([...FLAGS, PROGRAM, "script"]).then(
    () => undefined,
    (error) => error,
  );
  assertEquals([error?.code, error?.stdout], [3, "done\n"]);
});

test("a wrong variable is a line, and the application starts", async () => {
  const wrong = { PORT: "none", NAMES: "otel", BUCKETS: "2,1", PATH: "/?m" };
  for (const [name, value] of Object.entries(wrong)) {
    await withPreload(
      [PROGRAM, "http"],
      { variables: { [name]: value } },
      async ({ program, listening }) => {
        await ask(await listening(), "/");
        const text = program.stderr;
        assertStringIncludes(text, `PROMETHEUS_ASYNC_${name} must`);
        assertEquals(text.includes(JSON.stringify(value)), name !== "PATH");
      },
    );
  }
});

test("a file that cannot be read is a line without its name", async () => {
  const files = {
    AUTH_FILE: { AUTH_FILE: "/nowhere/users" },
    TLS_CERT: { TLS_CERT: "/nowhere/cert", TLS_KEY: "/nowhere/key" },
  };
  await Promise.all(
    Object.entries(files).map(([name, variables]) =>
      withPreload(
        [PROGRAM, "http"],
        { variables: variables as Record<string, string> },
        async ({ program, listening }) => {
          await ask(await listening(), "/");
          const told = () =>
            program.stderr.includes(
              `nothing is served: PROMETHEUS_ASYNC_${name}`,
            );
          await waitUntil(60_000, "it is told", told);
          assert(!program.stderr.includes("/nowhere"), program.stderr);
        },
      )
    ),
  );
});

test("a port that is taken is told once, and tried again", async () => {
  const taken = createServer((_request, response) => response.end("theirs"));
  await once(taken.listen(0, "127.0.0.1"), "listening");
  const { port } = taken.address() as { port: number };
  const variables = { PORT: String(port) };
  await withPreload(
    [PROGRAM, "http"],
    { variables },
    async ({ program, listening }) => {
      await ask(await listening(), "/");
      const told = () => program.stderr.match(/cannot be listened on/g)?.length;
      await waitUntil(60_000, "it is told", () => told() === 1);
      taken.close();
      taken.closeAllConnections();
      await assertSoon(200, async () => {
        const url = `http://127.0.0.1:${port}/metrics`;
        return (await fetch(url).catch(() => undefined))?.status;
      });
      assertEquals(told(), 1);
    },
  );
});

test("a child of a process that serves starts nothing", async () => {
  await withPreload(
    [PROGRAM, "child"],
    {},
    async ({ program, listening, scrape }) => {
      await ask(await listening(), "/");
      await scrape();
      await sleep(DECIDED_MS);
      // It would have found the port taken.
      assert(!program.stderr.includes("listened on"), program.stderr);
    },
  );
});

test("a thread starts nothing", async () => {
  await withPreload(
    [PROGRAM, "worker"],
    {},
    async ({ program, listening, scrape }) => {
      await ask(await listening(), "/");
      await scrape();
      await sleep(DECIDED_MS);
      assert(!program.stderr.includes("listened on"), program.stderr);
    },
  );
});

test("each worker of a cluster serves at a port of its own", {
  skip: runtimeName() === "deno"
    ? "in a worker of a cluster of Deno no thread starts"
    : undefined,
}, async () => {
  await withPreload([PROGRAM, "cluster"], {}, async ({ port, program }) => {
    const starts = () =>
      Promise.all([port, port + 1].map(async (port) => {
        const url = `http://127.0.0.1:${port}/metrics`;
        const text = await fetch(url).then((r) => r.text(), () => "");
        return /^process_start_time_seconds (.+)$/m.exec(text)?.[1];
      }));
    await waitUntil(60_000, "both serve", async () => {
      const [first, second] = await starts();
      return first !== undefined && second !== undefined && first !== second;
    });
    // The primary process did not try.
    assert(!program.stderr.includes("listened on"), program.stderr);
  });
});

test("package managers and DISABLED start nothing", async () => {
  await withFolder(async (folder) => {
    const code = `import("node:http").then(({ createServer }) => {
      const server = createServer((_, response) => response.end());
      server.listen(0, "127.0.0.1", () => console.log(server.address().port));
    });`;
    await mkdir(join(folder, "bin"));
    const manager = join(folder, "bin", "npm-cli.js");
    const app = join(folder, "bin", "app.js");
    for (const file of [manager, app]) await writeFile(file, code);
    const cases = [
      { file: manager, variables: { DISABLED: "0" } },
      { file: app, variables: { DISABLED: "1" } },
    ];
    await Promise.all(
      cases.map(({ file, variables }) =>
        withPreload([file], { variables }, async ({ port, listening }) => {
          await listening();
          await sleep(DECIDED_MS);
          const url = `http://127.0.0.1:${port}/metrics`;
          assertEquals(await fetch(url).catch(() => "nobody"), "nobody");
        })
      ),
    );
  });
});

test("Deno with some permissions asks nobody at a terminal", {
  skip: runtimeName() === "deno" && process.platform === "linux"
    ? undefined
    : "Deno's permissions, by a program of Linux",
}, async () => {
  const some = [
    [],
    ["--allow-env=PROMETHEUS_ASYNC_PORT", "--allow-net", "--allow-read"],
    ["--allow-env", "--allow-net=0.0.0.0:9464", "--allow-read"],
    ["--allow-env", "--allow-net", "--allow-read=./src"],
  ];
  const app =
    "data:text/javascript,setTimeout(() => console.log('over'), 2500)";
  await Promise.all(some.map((granted) => atTerminal([...granted, app])));
});

/** Runs a program with the preload at a terminal; fails if that asks for anything. */
async function atTerminal(given: readonly string[]): Promise<void> {
  const deno = ["run", "--preload", "./src/register/mod.ts", ...given];
  const command = [process.execPath, ...deno].map((each) => `"${each}"`);
  const { stdout } = await promisify(execFile)("script", [
    "--quiet",
    "--return",
    "--command",
    command.join(" "),
    "/dev/null",
  ], {
    timeout: 60_000,
    env: { ...process.env, PROMETHEUS_ASYNC_AUTH_FILE: "/etc/hostname" },
  });
  assertStringIncludes(stdout, "over");
  assertStringIncludes(stdout, "nothing is served: --allow-");
  assert(!stdout.includes("y/n"), stdout);
}

test("Deno without permissions goes on, and is told what is missing", {
  skip: runtimeName() === "deno" ? undefined : "Deno's permissions",
}, async () => {
  const app = "data:text/javascript,console.log('went on')";
  const args = ["run", "--preload", "./src/register/mod.ts", app];
  const program = startRuntime(args, {});
  await waitUntil(60_000, "it goes on", () => program.stdout === "went on\n");
  await program.end("SIGKILL");
  const missing = "--allow-net --allow-read --allow-env";
  assertEquals(
    program.stderr,
    `prometheus-async: nothing is served: ${missing} is needed\n`,
  );
});
