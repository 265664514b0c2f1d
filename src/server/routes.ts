import { type Answer, type MetricsRequest, plainAnswer } from "../answer.ts";
import type { Report } from "../base/report.ts";
import type { InFlight } from "../exposition/in_flight.ts";
import type { ScrapeHandler } from "../exposition/scrape_handler.ts";
import { MAX_BODY_BYTES } from "../runtime/native_server.ts";
import type { RequestHandler } from "../runtime/types.ts";
import type { Authorizer } from "./auth.ts";
import {
  ACCEPTS,
  landingPage,
  type LoggedScrape,
  logScrape,
} from "./landing_page.ts";
import { HEALTH_PATH, type ServerSettings } from "./server_options.ts";
import { parseTarget, type Target } from "./target.ts";

const AS_TEXT = { "content-type": "text/plain; charset=utf-8" };

/** Tells when the metrics are sent that a server has in the end. */
export class LastScrape {
  readonly #sent = Promise.withResolvers<void>();
  #isAwaited = false;

  /** Settles when a scrape that begins from now on has been sent wholly. */
  next(): Promise<void> {
    this.#isAwaited = true;
    return this.#sent.promise;
  }

  /** Yields a function that watches the answer to a request, if it is awaited. */
  watch({ method }: MetricsRequest): (answer: Answer) => Answer {
    if (!this.#isAwaited || method !== "GET") return (answer) => answer;
    const onSent = this.#sent.resolve;
    return (answer) => answer.status === 200 ? { ...answer, onSent } : answer;
  }
}

/** The parts of a metrics server that answer requests. */
interface RouteParts {
  readonly settings: ServerSettings;
  readonly scrapeHandler: ScrapeHandler;
  readonly inFlight: InFlight;
  readonly lastScrape: LastScrape;
  readonly authorize: Authorizer | undefined;
  /** Takes unexpected errors, which runtimes would print. */
  readonly report: Report;
  /** Yields how often the server's thread has hung or ended. */
  readonly troubles?: () => number;
}

/** Makes the handler of a whole metrics server. */
export function serverRoutes(
  { settings, scrapeHandler, inFlight, lastScrape, authorize, ...parts }:
    RouteParts,
): RequestHandler {
  const { report, troubles = () => 0 } = parts;
  const scrapes: LoggedScrape[] = [];

  async function page(): Promise<Answer> {
    const answer = await landingPage(
      settings,
      scrapeHandler,
      scrapes,
      troubles(),
    );
    if (!inFlight.enter()) {
      const later = { "retry-after": "1" };
      return plainAnswer(503, "Too many requests at once", later);
    }
    inFlight.leave();
    return answer;
  }

  async function scrape(
    request: MetricsRequest,
    { query }: Target,
    remoteAddress: () => string | undefined,
  ): Promise<Answer> {
    const format = query.get("format");
    if (format !== null && !Object.hasOwn(ACCEPTS, format)) {
      const names = Object.keys(ACCEPTS).join(", ");
      return plainAnswer(400, `Bad Request: format must be one of ${names}`);
    }
    const watch = lastScrape.watch(request);
    const answered = await scrapeHandler.answer(
      format === null ? request : withAccept(request, ACCEPTS[format]),
    );
    logScrape(scrapes, request, remoteAddress(), answered);
    const { answer } = answered;
    // Only people name a format.
    if (format === null) return watch(answer);
    // A browser would download a content type that it does not know.
    return isBrowser(request) && answer.status === 200
      ? { ...answer, headers: { ...answer.headers, ...AS_TEXT } }
      : answer;
  }

  async function route(
    request: MetricsRequest,
    remoteAddress: () => string | undefined,
  ): Promise<Answer> {
    if (isTooLarge(request)) {
      return plainAnswer(413, "Content Too Large", { connection: "close" });
    }
    const target = parseTarget(request);
    if (target === undefined) return plainAnswer(400, "Bad Request");
    const { path, hosts } = target;
    // Health checks have no credentials, and ask by address.
    if (path === HEALTH_PATH) {
      return onlyRead(request, () => plainAnswer(200, null));
    }
    // A page of another origin whose name leads here names itself.
    if (
      settings.hosts && !hosts.every((host) => settings.hosts!.includes(host))
    ) {
      return plainAnswer(421, "Misdirected Request");
    }
    const refusal = await authorize?.(request, remoteAddress);
    if (refusal) return refusal;
    switch (path) {
      case settings.path:
        return await scrape(request, target, remoteAddress);
      case "/":
        return await onlyRead(request, page);
      default:
        return plainAnswer(404, "Not Found");
    }
  }

  return async (request, remoteAddress) => {
    try {
      return await route(request, remoteAddress);
    } catch (error) {
      report(error);
      return plainAnswer(500, "Internal Server Error");
    }
  };
}

/** A body in chunks may have any size, and no request here needs one. */
function isTooLarge({ headers }: MetricsRequest): boolean {
  return headers.get("transfer-encoding") !== null ||
    Number(headers.get("content-length")) > MAX_BODY_BYTES;
}

/** The same request with another `Accept` header. */
function withAccept(
  { method, url, headers }: MetricsRequest,
  accept: string,
): MetricsRequest {
  const get = (name: string) => name === "accept" ? accept : headers.get(name);
  return { method, url, headers: { get } };
}

/** Prometheus asks for no HTML. */
function isBrowser({ headers }: MetricsRequest): boolean {
  return headers.get("accept")?.includes("text/html") ?? false;
}

/** Answers GET and HEAD only. */
function onlyRead(
  { method }: MetricsRequest,
  answer: () => Answer | Promise<Answer>,
): Answer | Promise<Answer> {
  if (method === "GET" || method === "HEAD") return answer();
  return plainAnswer(405, "Method Not Allowed", { allow: "GET, HEAD" });
}
