/** A client of HTTP/1.1 and HTTP/2 that may go away at any time. */
import { Buffer } from "node:buffer";
import { request as requestHttp } from "node:http";
import { connect, constants } from "node:http2";
import type { Application } from "./_applications.ts";

/** A request of a client. */
export interface Question {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Goes away when this settles, or with the first bytes of the body. */
  readonly leaves?: Promise<unknown> | "in the middle";
}

/** The answer to it. */
export interface Told {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
  /** Whether the response came to its end. */
  readonly isWhole: boolean;
}

/** A stream of a client, as both protocols have it. */
interface Stream {
  on(event: string, listener: (...args: never[]) => void): unknown;
}

/** Asks a server on loopback; yields what came before the end. */
export async function ask(
  { protocol }: Application,
  port: number,
  path: string,
  { method = "GET", headers = {}, leaves }: Question = {},
): Promise<Told> {
  const told = Promise.withResolvers<Told>();
  const chunks: Buffer[] = [];
  let status = 0;
  let received: Told["headers"] = {};
  const end = (isWhole: boolean) =>
    told.resolve({
      status,
      headers: received,
      body: Buffer.concat(chunks),
      isWhole,
    });
  const going = (leave: () => void) => {
    const go = () => {
      leave();
      end(false);
    };
    if (typeof leaves === "object") void leaves.then(go);
    return go;
  };
  const follow = (stream: Stream, go: () => void) => {
    stream.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      if (leaves === "in the middle") go();
    });
    stream.on("error", () => end(false));
    stream.on("aborted", () => end(false));
  };
  if (protocol === undefined) {
    const request = requestHttp(
      { host: "127.0.0.1", port, path, method, headers, agent: false },
    );
    const go = going(() => request.destroy());
    request.on("error", () => end(false));
    request.on("response", (response) => {
      status = response.statusCode!;
      received = response.headers;
      follow(response as unknown as Stream, go);
      response.on("end", () => end(response.complete));
      response.on("close", () => end(response.complete));
    });
    request.end();
    return await told.promise;
  }
  const scheme = protocol === "h2" ? "https" : "http";
  const session = connect(`${scheme}://127.0.0.1:${port}`, {
    rejectUnauthorized: false,
  });
  session.on("error", () => end(false));
  const stream = session.request({
    ...headers,
    ":path": path,
    ":method": method,
  });
  stream.on("response", (headers) => {
    status = Number(headers[":status"]);
    received = headers;
  });
  follow(
    stream as unknown as Stream,
    going(() => stream.close(constants.NGHTTP2_CANCEL)),
  );
  stream.on("end", () => end(stream.rstCode === 0));
  stream.on("close", () => end(stream.rstCode === 0));
  stream.end();
  try {
    return await told.promise;
  } finally {
    session.close();
    setTimeout(() => session.destroy(), 50);
  }
}
