/** Parsers of other projects, which judge what is served. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import process from "node:process";
import { readFile, writeFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import {
  serverCommand,
  type ServerName,
} from "../../../tools/servers/locate.ts";
import { madeOnce } from "../../_made_once.ts";

/** promtool's verdict on an exposition. */
export interface Verdict {
  /** 0 if it is good, 1 if it is broken, 3 if there are complaints about style. */
  code: number;
  /** The complaints, one a line. */
  output: string;
}

/** Has promtool check an exposition in text 0.0.4. */
export async function checkWithPromtool(
  exposition: Uint8Array,
): Promise<Verdict> {
  const { code, stdout, stderr } = await runWithInput(
    "promtool",
    ["check", "metrics"],
    exposition,
  );
  return { code, output: stdout + stderr };
}

/** A metric family as Python's parser sees it. */
export interface ParsedFamily {
  name: string;
  type: string;
  unit: string;
  documentation: string;
  samples: ParsedSample[];
}

/** A sample as Python's parser sees it. */
export interface ParsedSample {
  name: string;
  labels: Record<string, string>;
  value: number;
  exemplar?: ParsedExemplar;
}

/** An exemplar as Python's parser sees it. */
interface ParsedExemplar {
  labels: Record<string, string>;
  value: number;
  /** In seconds since the Unix epoch. */
  timestamp?: number;
}

/** Where each syntax has its parser: OpenMetrics' is strict, that of text lax. */
const PARSERS = {
  openmetrics: "prometheus_client.openmetrics.parser",
  text: "prometheus_client.parser",
};

/** JSON has no NaN and no infinities: Python spells them as strings. */
const PROGRAM = `
import importlib, json, math, sys

def number(value):
    return value if math.isfinite(value) else str(value)

def exemplar(found):
    described = {"labels": found.labels, "value": number(found.value)}
    if found.timestamp is not None:
        described["timestamp"] = float(found.timestamp)
    return described

def sample(found):
    described = {
        "name": found.name,
        "labels": found.labels,
        "value": number(found.value),
    }
    if found.exemplar:
        described["exemplar"] = exemplar(found.exemplar)
    return described

def family(found):
    return {
        "name": found.name,
        "type": found.type,
        "unit": found.unit,
        "documentation": found.documentation,
        "samples": [sample(each) for each in found.samples],
    }

parse = importlib.import_module(sys.argv[1]).text_string_to_metric_families
try:
    text = sys.stdin.buffer.read().decode("utf-8")
    json.dump([family(each) for each in parse(text)], sys.stdout)
except ValueError as error:
    sys.exit(str(error) or repr(error))
`;

/**
 * Has Python's parser read an exposition.
 *
 * @throws {Error} If the parser refuses it, with the parser's reason.
 */
export async function parseWithPython(
  exposition: Uint8Array,
  syntax: keyof typeof PARSERS = "openmetrics",
): Promise<ParsedFamily[]> {
  const { code, stdout, stderr } = await runWithInput(
    "openmetrics-parser",
    ["-c", PROGRAM, PARSERS[syntax]],
    exposition,
  );
  if (code !== 0) {
    throw new Error(`Python's parser refuses it: ${stderr.trim()}`);
  }
  const families: ParsedFamily[] = JSON.parse(stdout);
  for (const sample of families.flatMap(({ samples }) => samples)) {
    sample.value = toNumber(sample.value);
    const { exemplar } = sample;
    if (exemplar) exemplar.value = toNumber(exemplar.value);
  }
  return families;
}

/** Reads a number, which Python may have spelled as `nan`, `inf` or `-inf`. */
function toNumber(value: number | string): number {
  return value === "inf" ? Infinity : value === "-inf" ? -Infinity : +value;
}

/** How a program ended, and what it printed. */
interface Output {
  code: number;
  stdout: string;
  stderr: string;
}

/**
 * Runs a program with an input, once in a run of the suite: the runtimes and the
 * clients serve the same bytes, most of the time.
 */
async function runWithInput(
  name: ServerName,
  args: readonly string[],
  input: Uint8Array,
): Promise<Output> {
  const bytes = createHash("sha256").update(input).digest("hex");
  const path = await madeOnce(
    JSON.stringify([name, args, bytes]),
    async (path) => {
      const output = await runProgram(name, args, input);
      await writeFile(path, JSON.stringify(output));
    },
  );
  return JSON.parse(await readFile(path, "utf8"));
}

const DEADLINE_MS = 120_000;

async function runProgram(
  name: ServerName,
  args: readonly string[],
  input: Uint8Array,
): Promise<Output> {
  const { file, env } = serverCommand(name);
  const child = spawn(file, args, {
    env: { ...process.env, ...env },
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), DEADLINE_MS);
  // It may end before it has read everything; its exit code tells why.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const [stdout, stderr, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  clearTimeout(timer);
  if (code === null) throw new Error(`${name} was ended by ${signal}`);
  return { code, stdout, stderr };
}
