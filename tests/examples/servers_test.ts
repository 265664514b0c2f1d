import { assert, assertEquals } from "@std/assert";
import { test } from "../_suite.ts";
import { assertSoon, waitUntil } from "../_wait.ts";
import { cannotRun, runExample, samplesOf, withServer } from "./_examples.ts";

/** A server, what it is asked, and what it then has counted of that. */
interface ServerCase {
  file: string;
  /** The answers to requests, by path: `status body`, or the status alone. */
  answers: Record<string, string>;
  /** All samples of the metrics that are named here. */
  samples: string[];
}

const USERS = { "/users/7": "200 user 7", "/users/8": "200 user 8" };
const HELLO = { "/": "200 hello", "/nobody": "404 not found" };

const HELLO_SAMPLES = [
  'http_requests_total{method="GET",route="/",status="200"} 1',
  'http_requests_total{method="GET",route="_OTHER",status="404"} 1',
  'http_requests_inprogress{method="GET"} 0',
];

const TIMED_SAMPLES = [
  'http_request_duration_seconds_count{method="GET",route="/users/:id",status="200"} 2',
  'http_request_duration_seconds_count{method="GET",route="_OTHER",status="404"} 1',
];

const USERS_SAMPLES = [
  'http_requests_total{method="GET",route="/users/:id",status="200"} 2',
  'http_requests_total{method="GET",route="_OTHER",status="404"} 1',
];

const SERVERS: ServerCase[] = [
  {
    file: "deno_serve.ts",
    answers: { ...USERS, "/nobody": "404 not found" },
    samples: [
      ...USERS_SAMPLES,
      ...TIMED_SAMPLES,
      'http_requests_inprogress{method="GET"} 0',
    ],
  },
  { file: "default_export.ts", answers: HELLO, samples: HELLO_SAMPLES },
  {
    file: "bun_serve.ts",
    answers: { ...USERS, "/": "200 hello" },
    samples: [
      'http_requests_total{method="GET",route="/",status="200"} 1',
      'http_requests_total{method="GET",route="/users/:id",status="200"} 2',
      'http_requests_inprogress{method="GET"} 0',
    ],
  },
  { file: "node_http.ts", answers: HELLO, samples: HELLO_SAMPLES },
  ...["express.ts", "fastify.ts", "koa.ts", "hono.ts", "hono_node.ts"].map(
    (file) => ({
      file,
      answers: { ...USERS, "/nobody": "404" },
      samples: [
        ...USERS_SAMPLES,
        ...TIMED_SAMPLES,
        // The scrape is one.
        'http_requests_inprogress{method="GET"} 1',
      ],
    }),
  ),
  {
    file: "delayed_view.ts",
    answers: { "/": "200 at last" },
    samples: ["view_seconds_count 1"],
  },
];

/** Scrapes an example; yields its samples of some metrics. */
async function scrape(
  origin: string,
  names: readonly string[],
): Promise<string[]> {
  const response = await fetch(`${origin}/metrics`);
  assertEquals(response.status, 200);
  assertEquals(
    response.headers.get("content-type"),
    "text/plain; version=0.0.4; charset=utf-8",
  );
  return samplesOf(await response.text(), names);
}

for (const { file, answers, samples } of SERVERS) {
  test(
    `examples/${file} counts what it answers, and serves that to scrapes`,
    { skip: cannotRun(file) },
    async () => {
      await withServer(file, [], async (origin) => {
        for (const [path, expected] of Object.entries(answers)) {
          const response = await fetch(origin + path);
          const answer = `${response.status} ${await response.text()}`;
          assertEquals(answer.slice(0, expected.length), expected);
        }
        const names = samples.map((sample) => sample.split(/[{ ]/)[0]);
        // Some count scrapes, of which there may be any number here.
        await assertSoon(
          samples.toSorted(),
          async () =>
            (await scrape(origin, names))
              .filter((sample) => !sample.includes('route="/metrics"')),
        );
      });
    },
  );
}

for (
  const file of [
    "hono.ts",
    "hono_node.ts",
    "fastify.ts",
    "express.ts",
    "koa.ts",
  ]
) {
  test(
    `examples/${file} counts the scrapes, too`,
    { skip: cannotRun(file) },
    async () => {
      await withServer(file, [], async (origin) => {
        const names = [
          "http_requests_total",
          "http_request_duration_seconds_count",
        ];
        await scrape(origin, names);
        const isCounted = async () =>
          (await scrape(origin, names)).some((sample) =>
            sample.includes('{method="GET",route="/metrics",status="200"} ')
          );
        await waitUntil(60_000, "a scrape is counted", isCounted);
      });
    },
  );
}

test(
  "examples/batch_job.ts is scraped while it blocks its thread",
  { skip: cannotRun("batch_job.ts") },
  async () => {
    const args = ["1000000"];
    await withServer("batch_job.ts", args, async (origin, program) => {
      const hashed = async () => {
        const [sample] = await scrape(origin, ["hash_seconds_count"]);
        return Number(sample?.split(" ")[1] ?? 0);
      };
      const first = await hashed();
      const isHigher = async () => await hashed() > first;
      await waitUntil(60_000, "more passwords are hashed", isHigher);
      assert(!program.stdout.includes("were hashed"), program.stdout);
    });
  },
);

test(
  "examples/batch_job.ts ends by itself when its work is done",
  { skip: cannotRun("batch_job.ts") },
  async () => {
    const { stdout } = await runExample("batch_job.ts", "2");
    assertEquals(
      stdout.replace(/:\d+\n/, ":PORT\n"),
      "Listening on http://127.0.0.1:PORT\n2 passwords were hashed\n",
    );
  },
);
