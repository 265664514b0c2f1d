import type {
  MetricsRequest,
  ScrapeHandler,
} from "../exposition/scrape_handler.ts";
import { plainResponse } from "../plain_response.ts";
import { MAX_BODY_BYTES } from "../runtime/limits.ts";
import type { RequestHandler } from "../runtime/types.ts";
import type { Authorizer } from "./auth.ts";
import { FORMATS } from "./formats.ts";
import type { ScrapeLog } from "./scrape_log.ts";

/** Where the metrics are by default. */
export const METRICS_PATH = "/metrics";

/** Where health checks ask. */
export const HEALTH_PATH = "/-/healthy";

/** What a metrics server is made of. */
export interface ServerRoutesOptions {
  /** The path of the metrics. */
  readonly path: string;
  /** Answers the scrapes. */
  readonly scrapeHandler: ScrapeHandler;
  /** Remembers them. */
  readonly log: ScrapeLog;
  /** Makes the page for people. */
  readonly landingPage: () => Promise<Response>;
  /** Refuses those who may not ask. */
  readonly authorize: Authorizer | undefined;
  /** Takes what fails unexpectedly; runtimes would print it. */
  readonly report: (error: unknown) => void;
}

/** Makes the handler of a whole metrics server. */
export function serverRoutes(options: ServerRoutesOptions): RequestHandler {
  const { path, scrapeHandler, log, landingPage, authorize, report } = options;

  async function scrape(
    request: Request,
    url: URL,
    remoteAddress: () => string | undefined,
  ): Promise<Response> {
    const format = url.searchParams.get("format");
    if (format !== null && !Object.hasOwn(FORMATS, format)) {
      const names = Object.keys(FORMATS).join(", ");
      return plainResponse(400, `Bad Request: format must be one of ${names}`);
    }
    const answered = await scrapeHandler.answer(
      format === null ? request : withAccept(request, FORMATS[format]),
    );
    log.add(request, remoteAddress(), answered);
    const { response } = answered;
    // A browser would offer what it does not know for download.
    if (format !== null && isBrowser(request) && response.ok) {
      response.headers.set("content-type", "text/plain; charset=utf-8");
    }
    return response;
  }

  async function route(
    request: Request,
    remoteAddress: () => string | undefined,
  ): Promise<Response> {
    if (isLarge(request)) {
      return plainResponse(413, "Content Too Large", { connection: "close" });
    }
    // The Host header, and so the URL, may be anything.
    const url = URL.parse(request.url, "http://localhost");
    // Health checks have no credentials.
    if (url?.pathname === HEALTH_PATH) {
      return onlyRead(request, () => new Response(null, { status: 200 }));
    }
    const refusal = await authorize?.(request);
    if (refusal) return refusal;
    if (url === null) return plainResponse(400, "Bad Request");
    switch (url.pathname) {
      case path:
        return await scrape(request, url, remoteAddress);
      case "/":
        return await onlyRead(request, landingPage);
      default:
        return plainResponse(404, "Not Found");
    }
  }

  return async (request, remoteAddress) => {
    try {
      return await route(request, remoteAddress);
    } catch (error) {
      report(error);
      return plainResponse(500, "Internal Server Error");
    }
  };
}

function isLarge({ headers }: Request): boolean {
  return Number(headers.get("content-length")) > MAX_BODY_BYTES;
}

/** The same request, as if it asked for a format itself. */
function withAccept(request: Request, accept: string): MetricsRequest {
  const { method, url } = request;
  const headers = new Headers(request.headers);
  headers.set("accept", accept);
  return { method, url, headers };
}

/** Prometheus asks for no HTML. */
function isBrowser({ headers }: Request): boolean {
  return headers.get("accept")?.includes("text/html") ?? false;
}

/** Answers what reads; there is nothing to be written. */
function onlyRead(
  { method }: Request,
  answer: () => Response | Promise<Response>,
): Response | Promise<Response> {
  if (method === "GET" || method === "HEAD") return answer();
  return plainResponse(405, "Method Not Allowed", { allow: "GET, HEAD" });
}
