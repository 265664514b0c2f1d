import { messageOf } from "../base/describe.ts";
import { clusterWorker, isOutermost } from "../runtime/outermost.ts";
import { ENVIRONMENT, missingPermissions } from "../runtime/permissions.ts";
import { TELLS_HTTP1 } from "../runtime/request_channels.ts";
import { say } from "../runtime/say.ts";
import { fullName, variable } from "../runtime/variables.ts";
import { sleep } from "../runtime/wait.ts";
import { parseVariables, type Settings } from "./environment.ts";
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
    const isDisabled = ![undefined, "0", "false"].includes(
      variable("DISABLED"),
    );
    if (isDisabled || !isOutermost()) return;
    const settings = parseVariables(clusterWorker());
    if (!isPermitted(settings)) return;
    const measureRequests = observeRequests(settings);
    void serve(settings, measureRequests).catch(fail);
  } catch (error) {
    fail(error);
  }
}

function fail(error: unknown): void {
  say(`nothing is served: ${messageOf(error)}`);
}

/** Whether the permissions are there. */
function isPermitted({ addr, port, consul }: Settings): boolean {
  const missing = missingPermissions({
    host: `${addr || "0.0.0.0"}:${port}`,
    module: import.meta.url,
    variable: consul === undefined ? fullName("PORT") : undefined,
  });
  if (missing.length === 0) return true;
  const isEnough = consul === undefined && String(missing) === ENVIRONMENT;
  const effect = isEnough ? "variables are not read" : "nothing is served";
  say(`${effect}: ${missing.join(" ")} is needed`);
  return isEnough;
}

/**
 * Observes requests from now on.
 *
 * @returns Measures them, also those that have come meanwhile.
 */
function observeRequests(settings: Settings): () => Promise<void> {
  if (!TELLS_HTTP1) {
    say(
      "requests of HTTP/1 are not measured: this runtime does not tell of them",
    );
  }
  const waiting: Observed[] = [];
  let measure = (observed: Observed): void => {
    // It may end before it is measured.
    observed.outgoing.once("close", () => observed.endedAt = performance.now());
    // The meter is loaded when the application has started.
    if (waiting.push(observed) === MAX_WAITING) void load().catch(fail);
  };
  observe((observed) => measure(observed));
  let loading: Promise<void> | undefined;
  const load = () =>
    loading ??= import("./requests.ts").then(({ requestMeter }) => {
      measure = requestMeter(settings, (error) => say(messageOf(error)));
      for (const each of waiting.splice(0)) measure(each);
    });
  return load;
}

async function serve(
  settings: Settings,
  measureRequests: () => Promise<void>,
): Promise<void> {
  await sleep(START_MS, { inBackground: true });
  await measureRequests();
  const { startServer } = await import("./server.ts");
  await startServer(settings);
}
