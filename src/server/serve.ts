import type { Gatherer } from "../gather/gatherer.ts";
import { OwnRegistry } from "../metrics/own_registry.ts";
import { ScrapeHandler } from "../exposition/scrape_handler.ts";
import { loadRuntime } from "../runtime/detect.ts";
import { listen } from "../runtime/listen.ts";
import type { Listener } from "../runtime/types.ts";
import { reporter } from "../wrappers/measurement.ts";
import { authorizer } from "./auth.ts";
import type { DiscoveryStatus } from "./discovery_status.ts";
import type { HttpServerInfo, UnixServerInfo } from "./handle.ts";
import { Lifecycle } from "./lifecycle.ts";
import type { ServerSettings } from "./options.ts";
import { renewInBackground } from "./renewal.ts";
import { serverRoutes } from "./routes.ts";
import { infoOf } from "./server_info.ts";
import { readTls } from "./tls.ts";

/** A server that listens. */
export interface Serving {
  readonly info: HttpServerInfo | UnixServerInfo;
  readonly listener: Listener;
  readonly lifecycle: Lifecycle;
}

/** What a server is made from. */
export interface ServeOptions {
  readonly settings: ServerSettings;
  /** Gathers the metrics. */
  readonly gatherer: Gatherer;
  /** The package's own metrics, those of the gatherer among them. */
  readonly own?: OwnRegistry;
  /** Is told how service discovery goes, and served. */
  readonly status: DiscoveryStatus;
  readonly onError: ((error: unknown) => void) | undefined;
  /** Whether nobody else on this thread uses `Request` and `Response`. */
  readonly mayReplaceGlobals?: boolean;
}

/** Serves what a gatherer gathers, on this thread. */
export async function serve(options: ServeOptions): Promise<Serving> {
  const { settings, own = new OwnRegistry(), status, onError } = options;
  const { address, path, tls, auth, limits, handler, hasDiscovery } = settings;
  if (hasDiscovery && handler.ownMetrics) status.addMetrics(own);
  const scrapeHandler = new ScrapeHandler(
    handler,
    options.gatherer,
    own,
    onError,
  );
  const authorize = auth && await authorizer(auth);
  const credentials = tls && await readTls(tls);
  const { name, version } = await loadRuntime();
  const listener = await listen({
    address,
    handler: serverRoutes({
      settings,
      scrapeHandler,
      runtime: `${name} ${version}`,
      authorize,
      report: reporter("answer request", onError),
    }),
    tls: credentials,
    isRenewable: tls?.reloadInterval !== undefined,
    limits,
    mayReplaceGlobals: options.mayReplaceGlobals,
  });
  const lifecycle = new Lifecycle(listener, status, onError);
  if (tls && credentials) {
    const report = reporter("renew TLS credentials", onError);
    lifecycle.onClose(renewInBackground(tls, credentials, listener, report));
  }
  const info = infoOf(listener.address, path, tls);
  return { info, listener, lifecycle };
}
