/**
 * Scrapes, against the clients' own `metrics()` and OpenTelemetry's exporter, by
 * the number of series, by the format and by the compression.
 */
import type * as promClient from "prom-client";
import { promisify } from "node:util";
import { brotliDecompress, gunzip, gzip, zstdDecompress } from "node:zlib";
import { type Composition, MergedFamilies } from "../src/families/merge.ts";
import { Deadline } from "../src/runtime/wait.ts";
import { encode } from "../src/formats/encode.ts";
import { TEXT_0_0_4 } from "../src/formats/format.ts";
import { gather } from "../src/gather/gather.ts";
import { metricsHandler } from "../src/exposition/mod.ts";
import type { Registry } from "../src/types.ts";
import { type Cases, compare, type Comparison } from "./_harness.ts";
import { longestHold } from "./_longest_hold.ts";
import type { OpenTelemetry } from "./_open_telemetry.ts";
import {
  type Client,
  CLIENTS,
  CONTENTS,
  counters,
  requireSame,
  samplesOf,
} from "./_registries.ts";

async function scrape(registry: Registry): Promise<Uint8Array> {
  const deadline = new Deadline(10_000);
  const gathering = await gather([registry], { deadline });
  const merged = new MergedFamilies("underscores", known.get(registry));
  await merged.add(gathering.families);
  const { families } = merged;
  const composition = merged.compose();
  if (composition !== undefined) known.set(registry, composition);
  return await encode(families, TEXT_0_0_4, { composition });
}

/** The families of the last scrape of a registry, as a handler remembers them. */
const known = new WeakMap<Registry, Composition>();

/** Asks a handler of the package, and yields the body as it comes. */
function asking(
  registry: promClient.Registry,
  headers: Record<string, string>,
  type = "text/plain; version=0.0.4",
): () => Promise<ArrayBuffer> {
  const handler = metricsHandler({ registry });
  const request = new Request("http://localhost/metrics", { headers });
  return async () => {
    const response = await handler(request);
    const received = response.headers.get("content-type")!;
    if (!received.startsWith(type)) throw new Error(`it is ${received}`);
    return response.arrayBuffer();
  };
}

/** The ways to an answer; each yields it as text or bytes. */
function waysOf(registry: promClient.Registry): Cases {
  return {
    "registry.metrics()": () => registry.metrics(),
    "gathered and encoded": () => scrape(registry),
    "handler, uncompressed": asking(registry, {}),
  };
}

/** Those, a rival's if there is one, and copying the answer: the limit. */
async function waysAndLimitOf(
  registry: promClient.Registry,
  rival?: OpenTelemetry,
): Promise<Cases> {
  const answer = await scrape(registry);
  return {
    ...waysOf(registry),
    ...rival && { "OpenTelemetry": () => rival.expose() },
    "copied": () => answer.slice(),
  };
}

/** Every scrape is the first one. */
function firstScrapes(registry: promClient.Registry): Cases {
  return {
    "registry.metrics()": () => registry.metrics(),
    // Knowledge from scrape to scrape is kept by the registry.
    "gathered and encoded": () =>
      scrape({ getMetricsAsArray: () => registry.getMetricsAsArray() }),
  };
}

/** Before every scrape a series goes and another one comes. */
function afterRemovals(registry: promClient.Registry): Cases {
  const counter = registry.getSingleMetric(
    "http_requests_total",
  ) as promClient.Counter;
  const labels = { method: "POST", path: "/api/v1/items/42", status: "200" };
  const change = () => {
    counter.remove(labels);
    counter.inc(labels, 42);
  };
  return {
    "registry.metrics()": () => {
      change();
      return registry.metrics();
    },
    "gathered and encoded": () => {
      change();
      return scrape(registry);
    },
  };
}

/** Metrics of so many series each. */
function manyMetrics(
  { Gauge, Registry }: Client,
  metrics: number,
  series: number,
): promClient.Registry {
  const registry = new Registry();
  const registers = [registry];
  for (let m = 0; m < metrics; m++) {
    const name = `queue_${m}_length`;
    const gauge = new Gauge({ name, help: name, labelNames: ["n"], registers });
    for (let n = 0; n < series; n++) gauge.set({ n }, n);
  }
  return registry;
}

/** The formats, and what `Accept` says for each. */
const FORMATS: Readonly<Record<string, string>> = {
  "text 0.0.4": "text/plain;version=0.0.4",
  "text 1.0.0": "text/plain;version=1.0.0;escaping=allow-utf-8",
  "OpenMetrics 0.0.1": "application/openmetrics-text;version=0.0.1",
  "OpenMetrics 1.0.0": "application/openmetrics-text;version=1.0.0",
};

function formatsOf(registry: promClient.Registry): Cases {
  return {
    "registry.metrics()": () => registry.metrics(),
    ...Object.fromEntries(
      Object.entries(FORMATS).map(([name, accept]) => [
        name,
        asking(registry, { accept }, typeOf(accept)),
      ]),
    ),
  };
}

/** The type and version of an answer, as the handler spells them. */
function typeOf(accept: string): string {
  return accept.split(";").slice(0, 2).join("; ");
}

/** The encodings, by what undoes them. */
const ENCODINGS: Readonly<
  Record<string, (bytes: Uint8Array) => Promise<Uint8Array>>
> = {
  gzip: promisify(gunzip),
  zstd: promisify(zstdDecompress),
  br: promisify(brotliDecompress),
};

const gzipAsync = promisify(gzip);

/** By hand: as the web has it, and as fast as this package does it. */
const BY_HAND = {
  stream: "registry.metrics(), gzip by a stream",
  fast: "registry.metrics(), gzip of level 1",
} as const;

function encodingsOf(registry: promClient.Registry): Cases {
  return {
    [BY_HAND.fast]: async () =>
      await gzipAsync(await registry.metrics(), { level: 1 }),
    [BY_HAND.stream]: async () => {
      const { body } = new Response(await registry.metrics());
      const compressed = body!.pipeThrough(new CompressionStream("gzip"));
      return new Response(compressed).arrayBuffer();
    },
    "uncompressed": asking(registry, {}),
    ...Object.fromEntries(
      Object.keys(ENCODINGS).map((encoding) => [
        encoding,
        asking(registry, { "accept-encoding": encoding }),
      ]),
    ),
  };
}

const BASELINE = "registry.metrics()";

function compareScrapes(
  name: string,
  cases: Comparison["cases"],
  more: Partial<Comparison> = {},
): Comparison {
  return {
    name,
    cases,
    baseline: BASELINE,
    async check(each, run, cases) {
      const wanted = await cases[BASELINE]();
      requireSame(`${name}, ${each}`, wanted, await run());
    },
    ...more,
  };
}

/** OpenMetrics spells bounds and types otherwise: its samples are counted. */
const sameInEveryFormat: Partial<Comparison> = {
  async check(name, run, cases) {
    const [wanted, answer] = [await cases[BASELINE](), await run()];
    if (!name.startsWith("OpenMetrics")) {
      return requireSame(name, wanted, answer);
    }
    const count = samplesOf(answer).length;
    const isWhole = new TextDecoder().decode(answer as ArrayBuffer)
      .endsWith("\n# EOF\n");
    if (count === samplesOf(wanted).length && isWhole) return;
    throw new Error(`${name}: ${count} samples, whole: ${isWhole}`);
  },
};

/** Compressed answers are the uncompressed ones. */
const decompress: Partial<Comparison> = {
  baseline: BY_HAND.fast,
  async check(name, run, cases) {
    const body = new Uint8Array(await run() as ArrayBuffer);
    const plain = await cases["uncompressed"]() as ArrayBuffer;
    const undo = name in ENCODINGS
      ? ENCODINGS[name]
      : name === "uncompressed"
      ? (bytes: Uint8Array) => bytes
      : ENCODINGS.gzip;
    requireSame(name, plain, await undo(body));
  },
};

/** How many bytes an answer has. */
async function sizeOf(run: () => unknown): Promise<number> {
  return (await run() as ArrayBuffer | Uint8Array).byteLength;
}

const SIZES = [100, 1_000, 10_000, 100_000];

/** Scrapes of so many take so long that less of them are enough. */
const LARGE: Partial<Comparison> = { maxRounds: 5 };

const bySize = SIZES.flatMap((size) =>
  Object.entries(CONTENTS).flatMap(([what, { of, rival }]) =>
    Object.entries(CLIENTS).map(([client, made]) =>
      compareScrapes(
        `${spaced(size)} ${what} of ${client}`,
        () =>
          waysAndLimitOf(
            of(made, size),
            client === "prom-client" ? rival(size) : undefined,
          ),
        size === SIZES.at(-1) ? LARGE : {},
      )
    )
  )
);

const byFormat = Object.entries(CONTENTS).flatMap(([what, { of }]) => {
  const registry = () => of(CLIENTS["prom-client"], 10_000);
  return [
    compareScrapes(
      `10 000 ${what}, by format`,
      () => formatsOf(registry()),
      sameInEveryFormat,
    ),
    compareScrapes(
      `10 000 ${what}, compressed`,
      () => encodingsOf(registry()),
      decompress,
    ),
    compareScrapes(
      `10 000 ${what}, compressed: bytes`,
      () => encodingsOf(registry()),
      { ...decompress, sample: sizeOf, unit: "B", maxRounds: 1 },
    ),
  ];
});

const families = Object.entries(CLIENTS).map(([name, client]) =>
  compareScrapes(
    `1 000 metrics of one series, of ${name}`,
    () => waysOf(manyMetrics(client, 1_000, 1)),
  )
);

const holds = Object.entries(CLIENTS).map(([name, client]) =>
  compareScrapes(
    `longest hold, 100 000 counters of ${name}`,
    () => waysOf(counters(client, 100_000)),
    { sample: longestHold },
  )
);

const first = Object.entries(CONTENTS).flatMap(([what, { of }]) =>
  Object.entries(CLIENTS).map(([name, client]) =>
    compareScrapes(
      `10 000 ${what} of ${name}, first scrape`,
      () => firstScrapes(of(client, 10_000)),
    )
  )
);

await compare([
  ...bySize,
  ...byFormat,
  ...families,
  ...first,
  ...holds,
  compareScrapes(
    "longest hold, 300 metrics of 300 series",
    () => waysOf(manyMetrics(CLIENTS["prom-client"], 300, 300)),
    { sample: longestHold },
  ),
  compareScrapes(
    "10 000 counters, one removed and one new",
    () => afterRemovals(counters(CLIENTS["prom-client"], 10_000)),
  ),
]);

/** Writes a number with a space before each three digits. */
function spaced(number: number): string {
  return String(number).replace(/\B(?=(\d{3})+$)/g, " ");
}
