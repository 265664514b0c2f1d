import type { Gatherer } from "../gather/gather.ts";
import { OwnRegistry } from "../metrics/own_registry.ts";
import { InFlight } from "../exposition/in_flight.ts";
import { ScrapeHandler } from "../exposition/scrape_handler.ts";
import { listen } from "../runtime/listen.ts";
import type { Listener } from "../runtime/types.ts";
import { actionReporter, type Report, reporter } from "../base/report.ts";
import { Authorization } from "./auth.ts";
import type { DiscoveryStatus } from "./discovery_status.ts";
import { Lifecycle } from "./lifecycle.ts";
import { infoOf, type ServerInfo } from "./metrics_server.ts";
import { LastScrape, serverRoutes } from "./routes.ts";
import type { ServerSettings } from "./server_options.ts";
import { renewInBackground } from "./renewal.ts";
import { loadTls } from "./tls.ts";

/** A server that listens. */
export interface Serving {
  readonly info: ServerInfo;
  readonly listener: Listener;
  readonly lifecycle: Lifecycle;
  /** Settles when a scrape that begins from now on is answered. */
  readonly scraped: () => Promise<void>;
}

/**
 * Serves the metrics of a gatherer, on this thread.
 *
 * @param own The package's own metrics, those of the gatherer among them.
 */
export async function serve(
  { settings, gatherer, own = new OwnRegistry(), troubles, status, onError }: {
    readonly settings: ServerSettings;
    readonly gatherer: Gatherer;
    readonly own?: OwnRegistry;
    /** Yields how often the server's thread has hung or ended. */
    readonly troubles?: () => number;
    readonly status: DiscoveryStatus;
    readonly onError: Report | undefined;
  },
): Promise<Serving> {
  const { address, path, tls, auth, limits, handler, hasDiscovery } = settings;
  if (hasDiscovery && handler.ownMetrics) status.addMetrics(own);
  const over = new AbortController();
  const tell = actionReporter(onError);
  const inFlight = new InFlight(
    settings.unsent,
    (error) => tell("send an answer", error),
  );
  const scrapeHandler = new ScrapeHandler({
    settings: handler,
    gatherer,
    own,
    inFlight,
    onError,
    over: over.signal,
  });
  const lastScrape = new LastScrape();
  const authorization = auth && new Authorization(auth);
  await authorization?.load();
  const credentials = tls && await loadTls(tls);
  const listener = await listen({
    address,
    handler: serverRoutes({
      settings,
      scrapeHandler,
      inFlight,
      lastScrape,
      authorize: authorization?.authorize,
      report: (error) => tell("answer request", error),
      troubles,
    }),
    tls: credentials,
    tlsPolicy: tls,
    isRenewable: tls?.reloadInterval !== undefined,
    limits,
    unsent: inFlight.unsent,
    onError: (error) => tell("accept connections", error),
  });
  const scraped = () => {
    scrapeHandler.startAfresh();
    return lastScrape.next();
  };
  const closable = { ...listener, scraped };
  const lifecycle = new Lifecycle(closable, status, onError, over);
  if (tls?.reloadInterval !== undefined) {
    let shown = credentials;
    const renew = async (isOver: () => boolean) => {
      const loaded = await loadTls(tls, shown);
      if (isOver() || loaded === shown) return;
      await listener.renew!(loaded);
      shown = loaded;
    };
    const report = reporter("renew TLS credentials", onError);
    lifecycle.onClose(renewInBackground(tls.reloadInterval, renew, report));
  }
  if (auth && (auth.basicFile ?? auth.bearerFile) !== undefined) {
    const renew = () => authorization!.load();
    const report = reporter("renew credentials", onError);
    lifecycle.onClose(renewInBackground(auth.reloadInterval, renew, report));
  }
  const info = infoOf(listener.address, path, tls);
  return { info, listener, lifecycle, scraped };
}
