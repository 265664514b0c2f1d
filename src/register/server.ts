import { ConsulAgent } from "../discovery/mod.ts";
import { ConsulError, ListenError, TlsError } from "../errors.ts";
import { runtimeMetrics } from "../runtime_metrics/mod.ts";
import { forkedWorkers } from "../runtime/outermost.ts";
import { say } from "../runtime/say.ts";
import { sleep } from "../runtime/wait.ts";
import {
  startHttpServerInThread,
  type ThreadedMetricsHttpServer,
} from "../thread/mod.ts";
import type { Settings } from "./environment.ts";

/** The time between two tries to listen, in milliseconds. */
const RETRY_MS = 5000;

/**
 * Starts the server, as soon as its port is free.
 *
 * The primary process of a cluster serves nothing: its workers do, and the first one
 * has the port of the settings.
 */
export async function startServer(settings: Settings): Promise<void> {
  const forked = forkedWorkers();
  if (forked?.hasAny()) return;
  const runtime = runtimeMetrics();
  let server: ThreadedMetricsHttpServer | undefined;
  let isOver = false;
  forked?.onFirst(() => {
    isOver = true;
    runtime.stop();
    void server?.close(0);
  });
  const { addr, port, path, authFile, certFile, keyFile, consul } = settings;
  while (!isOver) {
    try {
      server = await startHttpServerInThread({
        addr,
        port,
        path,
        registry: ["default", runtime],
        auth: authFile === undefined ? undefined : { basicFile: authFile },
        tls: certFile === undefined || keyFile === undefined
          ? undefined
          : { certFile, keyFile },
        serviceDiscovery: consul === undefined ? undefined : new ConsulAgent({
          name: consul,
          serviceId: `${consul}-${port}`,
          required: false,
        }),
        onError: (error) => say(reasonOf(error, settings)),
      });
      // A worker may have been forked meanwhile.
      if (isOver) await server.close(0);
      return;
    } catch (error) {
      const reason = reasonOf(error, settings);
      const isTaken = error instanceof ListenError &&
        error.code === "EADDRINUSE";
      if (!isTaken) {
        runtime.stop();
        throw new Error(reason, { cause: error });
      }
      say(`${reason}; it is tried again every ${RETRY_MS / 1000} s`);
      await sleep(RETRY_MS, { inBackground: true });
    }
  }
}

/** Tells a failure without a file, a URL or a header. */
function reasonOf(error: unknown, { port }: Settings): string {
  if (error instanceof ListenError) {
    return `port ${port} cannot be listened on: ${error.code}`;
  }
  if (error instanceof TlsError) {
    return "PROMETHEUS_ASYNC_TLS_CERT and PROMETHEUS_ASYNC_TLS_KEY cannot be used";
  }
  if (error instanceof ConsulError) {
    return "PROMETHEUS_ASYNC_CONSUL: the agent cannot be used" +
      (error.status === undefined ? "" : `, it answers ${error.status}`);
  }
  const { name, code, message } = Object(error);
  // Its errors have no class, but name the option.
  if (String(message).includes("auth.basicFile")) {
    return "PROMETHEUS_ASYNC_AUTH_FILE cannot be used";
  }
  return [name, code].filter((each) => each !== undefined).join(" ");
}
