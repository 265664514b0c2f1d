import {
  instrumentHandler,
  serverStats,
} from "@prometheus-async/prometheus-async";

const users = new URLPattern({ pathname: "/users/:id" });

const app = instrumentHandler(
  (request: Request) => {
    const id = users.exec(request.url)?.pathname.groups.id;
    return id === undefined
      ? new Response("not found\n", { status: 404 })
      : new Response(`user ${id}\n`);
  },
  {
    // The pattern, not the path: clients can send any number of paths.
    route: ({ request }) =>
      users.test(request.url) ? users.pathname : undefined,
  },
);

Deno.serve(
  {
    hostname: "127.0.0.1",
    port: Number(Deno.env.get("PORT") ?? 8000),
    onListen: ({ port }) =>
      console.log(`Listening on http://127.0.0.1:${port}`),
  },
  // The second argument tells when the response was sent.
  (request, info) =>
    new URL(request.url).pathname === "/metrics"
      ? serverStats(request)
      : app(request, info),
);
