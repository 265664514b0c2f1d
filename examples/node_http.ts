import {
  instrumentListener,
  metricsListener,
} from "@prometheus-async/prometheus-async/node";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";

const metrics = metricsListener();
const hello = instrumentListener(
  (_request, response) => response.end("hello\n"),
  { route: "/" },
);
const notFound = instrumentListener((_request, response) => {
  response.statusCode = 404;
  response.end("not found\n");
});

const server = createServer((request, response) => {
  const [path] = request.url!.split("?");
  if (path === "/") hello(request, response);
  else if (path === "/metrics") metrics(request, response);
  else notFound(request, response);
});

server.listen(Number(process.env.PORT ?? 8000), "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  console.log(`Listening on http://127.0.0.1:${port}`);
});
