/** Servers in an agent's place, which answer as one does or in their own way. */
import {
  createServer,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";

/**
 * Answers a request.
 *
 * @param asAgent Answers it as an agent that knows what it was told.
 */
type Answering = (
  request: IncomingMessage,
  response: ServerResponse,
  asAgent: () => void,
) => void;

/** Runs `fn` with the URL of a server in an agent's place. */
export async function withAnswers(
  answering: Answering,
  fn: (url: string) => Promise<void>,
): Promise<void> {
  let service: string | undefined;
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    answering(request, response, () => {
      const isRegistering = request.url!.includes("/service/register");
      if (isRegistering) service = body;
      if (request.url!.includes("/service/deregister/")) service = undefined;
      if (request.method === "PUT") response.end();
      else if (service !== undefined) response.end(service);
      else response.writeHead(404).end("unknown service ID: app-metrics");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  try {
    await fn(`http://127.0.0.1:${port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** An answer that no agent gives, and its name. */
interface Foreign {
  readonly name: string;
  readonly status: number;
  readonly body: string;
}

const PAGE = "<!DOCTYPE html><title>Welcome</title>";

/** Answers that no agent gives to a question for a service. */
export const FOREIGN: readonly Foreign[] = [
  { name: "a page", status: 200, body: PAGE },
  {
    name: "a page behind a byte order mark",
    status: 200,
    body: `\ufeff${PAGE}`,
  },
  { name: "another object", status: 200, body: '{"ok":true}' },
  {
    name: "another service",
    status: 200,
    body: '{"ID":"else","Address":"10.0.0.1","Port":80}',
  },
  { name: "an array", status: 200, body: "[]" },
  { name: "null", status: 200, body: "null" },
  { name: "text", status: 200, body: "OK" },
  { name: "nothing", status: 200, body: "" },
  { name: "no content", status: 204, body: "" },
  { name: "a redirect", status: 302, body: "" },
  { name: "a permanent redirect", status: 308, body: PAGE },
  { name: "a page for 400", status: 400, body: PAGE },
  { name: "a password that is missing", status: 401, body: "no" },
  { name: "a page for 403", status: 403, body: PAGE },
  { name: "a page for 404", status: 404, body: PAGE },
  {
    name: "a page about an unknown service",
    status: 404,
    body: "<p>unknown service ID",
  },
  { name: "text for 404", status: 404, body: "404 page not found" },
  {
    name: "an unknown service of a proxy",
    status: 404,
    body: "unknown service",
  },
  { name: "a method that is not allowed", status: 405, body: "no" },
  { name: "a page for 503", status: 503, body: PAGE },
];

/** Sends an answer that no agent gives. */
export function answerForeign(
  response: ServerResponse,
  { status, body }: Foreign,
): void {
  const isRedirect = status >= 300 && status < 400;
  response.writeHead(status, isRedirect ? { location: "/login" } : {});
  response.end(status === 204 ? undefined : body);
}
