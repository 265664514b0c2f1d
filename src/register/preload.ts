import { messageOf } from "../base/describe.ts";
import { clusterWorker, isOutermost } from "../runtime/outermost.ts";
import {
  missingFlags,
  type Permission,
  toLoad,
} from "../runtime/permissions.ts";
import { TELLS_HTTP1 } from "../runtime/request_channels.ts";
import { say } from "../runtime/say.ts";
import { fullName, variable } from "../runtime/variables.ts";
import { sleep } from "../runtime/wait.ts";
import type { Registry } from "../types.ts";
import { NAMES, parseVariables, type Settings } from "./environment.ts";
import { observe, type Observed } from "./observed.ts";

/** How long the application has for ports of its own, in milliseconds. */
const START_MS = 1000;

/** How many requests may wait until they are measured. */
const MAX_WAITING = 1000;

/**
 * Prepares this process, unless it is none to serve. It neither throws nor keeps
 * the process: what goes wrong is a line on standard error.
 */
export function preload(): void {
  try {
    // Before any variable is read: without one that protects it would be open.
    const environment = NAMES.map((name): Permission => ({
      name: "env",
      variable: fullName(name),
    }));
    const unreadable = missingFlags(environment);
    const isDisabled = ![undefined, "0", "false"].includes(
      variable("DISABLED"),
    );
    if (isDisabled || !isOutermost()) return;
    const settings = parseVariables(clusterWorker());
    const missing = new Set([
      ...missingFlags(neededBy(settings)),
      ...unreadable,
    ]);
    if (missing.size > 0) {
      return say(`nothing is served: ${[...missing].join(" ")} is needed`);
    }
    const measureRequests = observeRequests(settings);
    void serve(settings, measureRequests).catch(fail);
  } catch (error) {
    fail(error);
  }
}

function fail(error: unknown): void {
  say(`nothing is served: ${messageOf(error)}`);
}

/** The permissions that a server needs, as far as settings tell. */
function neededBy({ addr, port, consul, ...files }: Settings): Permission[] {
  const host = addr.includes(":") || addr === "" ? `[${addr || "::"}]` : addr;
  const { authFile, certFile, keyFile } = files;
  return [
    // The agent may be anywhere.
    consul === undefined ? { name: "net", host: `${host}:${port}` } : {
      name: "net",
    },
    ...toLoad(import.meta.url),
    ...[authFile, certFile, keyFile].filter((path) => path !== undefined)
      .map((path): Permission => ({ name: "read", path })),
    ...consul === undefined ? [] : [{ name: "env" } as const],
  ];
}

/**
 * Observes requests from now on.
 *
 * @returns Measures them, also those that have come meanwhile, and yields their
 * metrics.
 */
function observeRequests(settings: Settings): () => Promise<Registry> {
  const waiting: Observed[] = [];
  let measure = (observed: Observed): void => {
    // It may end before it is measured.
    observed.outgoing.once("close", () => observed.endedAt = performance.now());
    // The meter is loaded when the application has started.
    if (waiting.push(observed) === MAX_WAITING) void load().catch(() => {});
  };
  observe((observed) => measure(observed));
  let loading: Promise<Registry> | undefined;
  const load = () => loading ??= begin();

  async function begin(): Promise<Registry> {
    try {
      const { requestMeter } = await import("./requests.ts");
      const onError = (error: unknown) => say(messageOf(error));
      const meter = requestMeter(settings, onError);
      measure = meter.measure;
      for (const each of waiting) measure(each);
      return meter.registry;
    } catch (error) {
      measure = () => {};
      throw error;
    } finally {
      waiting.length = 0;
    }
  }
  return load;
}

async function serve(
  settings: Settings,
  measureRequests: () => Promise<Registry>,
): Promise<void> {
  await sleep(START_MS, { inBackground: true });
  const requests = await measureRequests();
  const { startServer } = await import("./server.ts");
  if (!TELLS_HTTP1) {
    say(
      "requests of HTTP/1 are not measured: this runtime does not tell of them",
    );
  }
  await startServer(settings, requests);
}
