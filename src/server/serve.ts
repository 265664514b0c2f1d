import type { Gatherer } from "../exposition/gather.ts";
import { ScrapeHandler } from "../exposition/scrape_handler.ts";
import { loadRuntime } from "../runtime/detect.ts";
import { listen } from "../runtime/listen.ts";
import type { Listener } from "../runtime/types.ts";
import { reporter } from "../wrappers/measurement.ts";
import { authorizer } from "./auth.ts";
import { DiscoveryGatherer, type DiscoveryStatus } from "./discovery_status.ts";
import type { HttpServerInfo, UnixServerInfo } from "./handle.ts";
import { landingPage } from "./landing_page.ts";
import { Lifecycle } from "./lifecycle.ts";
import type { ServerSettings } from "./options.ts";
import { renewInBackground } from "./renewal.ts";
import { serverRoutes } from "./routes.ts";
import { ScrapeLog } from "./scrape_log.ts";
import { infoOf } from "./server_info.ts";
import { tlsSource } from "./tls.ts";

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
  /** Is told how service discovery goes, and served. */
  readonly status: DiscoveryStatus;
  readonly onError: ((error: unknown) => void) | undefined;
  /** Whether nobody else on this thread uses `Request` and `Response`. */
  readonly mayReplaceGlobals?: boolean;
}

/** Serves what a gatherer gathers, on this thread. */
export async function serve(
  { settings, gatherer, status, onError, mayReplaceGlobals }: ServeOptions,
): Promise<Serving> {
  const { address, path, limits, isDefaultRegistry, hasDiscovery } = settings;
  const tls = settings.tls && tlsSource(settings.tls);
  const scrapeHandler = new ScrapeHandler(
    settings.handler,
    hasDiscovery && settings.handler.ownMetrics
      ? new DiscoveryGatherer(gatherer, status)
      : gatherer,
    onError,
  );
  const log = new ScrapeLog();
  const authorize = settings.auth && await authorizer(settings.auth);
  const credentials = await tls?.read();
  const { name, version } = await loadRuntime();
  const listener = await listen({
    address,
    handler: serverRoutes({
      path,
      scrapeHandler,
      log,
      authorize,
      report: reporter("answer request", onError),
      landingPage: () =>
        landingPage({
          path,
          log,
          runtime: `${name} ${version}`,
          isDefaultRegistry,
          overview: () => scrapeHandler.overview(),
        }),
    }),
    tls: credentials,
    isRenewable: tls?.reloadInterval !== undefined,
    limits,
    mayReplaceGlobals,
  });
  const lifecycle = new Lifecycle(listener, status, onError);
  if (tls && credentials) {
    const report = reporter("renew TLS credentials", onError);
    lifecycle.onClose(renewInBackground(tls, credentials, listener, report));
  }
  const info = infoOf(listener.address, path, settings.tls);
  return { info, listener, lifecycle };
}
