import type {
  MetricsRequest,
  ScrapeHandler,
} from "../exposition/scrape_handler.ts";
import { plainResponse } from "../plain_response.ts";
import { MAX_BODY_BYTES } from "../runtime/limits.ts";
import type { RequestHandler } from "../runtime/types.ts";
import type { Authorizer } from "./auth.ts";
import { FORMATS } from "./formats.ts";
import { landingPage } from "./landing_page.ts";
import { HEALTH_PATH, type ServerSettings } from "./options.ts";
import { type LoggedScrape, logScrape } from "./scrape_log.ts";

/** What a metrics server is made of. */
export interface ServerRoutesOptions {
  readonly settings: ServerSettings;
  /** Answers the scrapes. */
  readonly scrapeHandler: ScrapeHandler;
  /** The runtime's name and version. */
  readonly runtime: string;
  /** Refuses those who may not ask. */
  readonly authorize: Authorizer | undefined;
  /** Takes what fails unexpectedly; runtimes would print it. */
  readonly report: (error: unknown) => void;
}

/** Makes the handler of a whole metrics server. */
export function serverRoutes(options: ServerRoutesOptions): RequestHandler {
  const { settings, scrapeHandler, runtime, authorize, report } = options;
  const scrapes: LoggedScrape[] = [];
  const page = () => landingPage(settings, runtime, scrapeHandler, scrapes);

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
    logScrape(scrapes, request, remoteAddress(), answered);
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
    if (Number(request.headers.get("content-length")) > MAX_BODY_BYTES) {
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
      case settings.path:
        return await scrape(request, url, remoteAddress);
      case "/":
        return await onlyRead(request, page);
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
