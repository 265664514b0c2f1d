import type { MetricsHandler } from "../exposition/handler.ts";

/** Where the metrics are. */
export const METRICS_PATH = "/metrics";

/** Where health checks ask. */
export const HEALTH_PATH = "/-/healthy";

const LANDING_PAGE = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Metrics</title></head>
<body><p>This is a metrics server. <a href="${METRICS_PATH}">Metrics</a></p></body>
</html>
`;

/** Makes the handler of a whole metrics server from that of the metrics. */
export function serverRoutes(
  metrics: MetricsHandler,
): (request: Request) => Response | Promise<Response> {
  return function route(request) {
    switch (pathOf(request)) {
      case METRICS_PATH:
        return metrics(request);
      case HEALTH_PATH:
        return new Response(null, { status: 200 });
      case "/":
        return new Response(LANDING_PAGE, {
          headers: { "content-type": "text/html; charset=utf-8" },
        });
      case undefined:
        return new Response("Bad Request\n", { status: 400 });
      default:
        return new Response("Not Found\n", { status: 404 });
    }
  };
}

/** The path, if there is one: the Host header, and so the URL, may be anything. */
function pathOf({ url }: Request): string | undefined {
  return URL.parse(url, "http://localhost")?.pathname;
}
