import {
  instrumentHandler,
  serverStats,
} from "@prometheus-async/prometheus-async";

const hello = instrumentHandler(() => new Response("hello\n"), { route: "/" });
const notFound = instrumentHandler(
  () => new Response("not found\n", { status: 404 }),
);

export default {
  // For Bun; `deno serve` takes `--host`.
  hostname: "127.0.0.1",
  // The second argument tells when the response was sent.
  fetch(request: Request, server: unknown): Response | Promise<Response> {
    switch (new URL(request.url).pathname) {
      case "/":
        return hello(request, server);
      case "/metrics":
        return serverStats(request);
      default:
        return notFound(request, server);
    }
  },
};
