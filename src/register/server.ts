import { ConsulAgent } from "../discovery/mod.ts";
import { ConsulError, ListenError, ThreadError, TlsError } from "../errors.ts";
import { runtimeMetrics } from "../runtime_metrics/mod.ts";
import { onListen } from "../runtime/listen_channel.ts";
import { forkedWorkers, nameByPort } from "../runtime/outermost.ts";
import { say } from "../runtime/say.ts";
import { fullName } from "../runtime/variables.ts";
import { sleep } from "../runtime/wait.ts";
import { startInBackground } from "../thread/main/start_in_thread.ts";
import type { ThreadedMetricsHttpServer } from "../thread/mod.ts";
import type { Registry } from "../types.ts";
import type { Settings } from "./environment.ts";

/** The time between two tries to listen, in milliseconds. */
const RETRY_MS = 5000;

/** Nobody asks for a service any more whose checks have failed for so long. */
const GONE_AFTER = "10m";

/**
 * Serves from when its port is free on, and gives that to the application if it
 * wants it later.
 *
 * The primary process of a cluster serves nothing: its workers do, and the first one
 * has the port of the settings.
 *
 * @param requests The metrics of requests.
 */
export async function startServer(
  settings: Settings,
  requests: Registry,
): Promise<void> {
  const forked = forkedWorkers();
  if (forked?.hasAny()) return;
  const runtime = runtimeMetrics();
  let server: ThreadedMetricsHttpServer | undefined;
  let isOver = false;
  let onYielded = () => {};
  forked?.onFirst(() => {
    isOver = true;
    void server?.close(0);
  });
  onListen((port) => {
    if (server?.socket.port !== port) return;
    server.closeSync(0);
    server = undefined;
    onYielded();
  });
  const registries = [requests, runtime];
  try {
    while (!isOver) {
      const yielded = new Promise<void>((resolve) => onYielded = resolve);
      server = await listen(settings, registries);
      // A worker may have been forked meanwhile.
      if (isOver) return await server?.close(0);
      if (server !== undefined) await yielded;
      await sleep(RETRY_MS, { inBackground: true });
    }
  } finally {
    runtime.stop();
  }
}

/** Listens once; yields nothing if the port is taken. */
async function listen(
  settings: Settings,
  registries: readonly Registry[],
): Promise<ThreadedMetricsHttpServer | undefined> {
  const { addr, port, path, authFile, certFile, keyFile } = settings;
  const onError = (error: unknown) => say(reasonOf(error, settings));
  const start = (serviceDiscovery: ConsulAgent | undefined) =>
    startInBackground({
      addr,
      port,
      path,
      registry: ["default", ...registries],
      auth: authFile === undefined ? undefined : { basicFile: authFile },
      tls: certFile === undefined || keyFile === undefined
        ? undefined
        : { certFile, keyFile },
      serviceDiscovery,
      restartThread: true,
      onError,
    });
  try {
    const agent = consulAgent(settings);
    try {
      return await start(agent);
    } catch (error) {
      if (!(error instanceof ConsulError)) throw error;
      // The agent has refused; whoever scrapes may know the address.
      onError(error);
      return await start(undefined);
    }
  } catch (error) {
    const reason = reasonOf(error, settings);
    const isTaken = error instanceof ListenError &&
      error.code === "EADDRINUSE";
    if (!isTaken) throw new Error(reason, { cause: error });
    say(`${reason}; it is tried again every ${RETRY_MS / 1000} s`);
  }
}

/** The agent of the settings, with an id that no other process of the network has. */
function consulAgent({ consul, port }: Settings): ConsulAgent | undefined {
  if (consul === undefined) return undefined;
  try {
    return new ConsulAgent({
      name: consul,
      serviceId: `${consul}-${nameByPort(port)}`,
      check: { deregisterCriticalServiceAfter: GONE_AFTER },
      required: false,
    });
  } catch (cause) {
    throw new Error(
      `${fullName("CONSUL")}, or a variable of Consul, cannot be used`,
      { cause },
    );
  }
}

/** Tells a failure without a file, a URL or a header. */
function reasonOf(error: unknown, { port }: Settings): string {
  if (error instanceof ListenError) {
    const { code } = error;
    return code === "EADDRINUSE" || code === "EACCES"
      ? `port ${port} cannot be listened on (${fullName("PORT")}): ${code}`
      : `${fullName("ADDR")} cannot be listened on: ${code}`;
  }
  if (error instanceof TlsError) {
    return `${fullName("TLS_CERT")} and ${fullName("TLS_KEY")} cannot be used`;
  }
  if (error instanceof ConsulError) {
    return `${fullName("CONSUL")}: the agent cannot be used` +
      (error.status === undefined ? "" : `, it answers ${error.status}`);
  }
  const { name, code, message, cause } = Object(error);
  if (error instanceof ThreadError) {
    return cause?.code === "ERR_ACCESS_DENIED"
      ? "--allow-worker is needed for the server's thread"
      : "the server's thread cannot be started";
  }
  // These have no class of their own, but begin with or have what is wrong.
  if (String(message).startsWith(fullName(""))) return message;
  if (String(message).includes("auth.basicFile")) {
    return `${fullName("AUTH_FILE")} cannot be used`;
  }
  if (String(message).includes(": path ")) {
    return `${fullName("PATH")} cannot be used`;
  }
  return [name, code].filter((each) => each !== undefined).join(" ");
}
