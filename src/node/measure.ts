import { Exchange, type FollowedResponse } from "../http/exchange.ts";
import type { RequestMeter } from "../http/request_meter.ts";
import type { MeasuredRequest } from "../http/request_parts.ts";
import { headersOf } from "../runtime/node_requests.ts";
import { nextTurn } from "../runtime/wait.ts";
import type { NodeRequest, NodeResponse } from "./types.ts";

/** nginx's status for a client that has gone before the answer. */
const CLIENT_GONE = 499;

/** The request, with properties that not every server sets. */
interface FullRequest extends NodeRequest {
  readonly url?: string;
  /** Express's, with the paths that its routers cut off `url`. */
  readonly originalUrl?: string;
  /** Whether the server hands the connection over, for example to a WebSocket. */
  readonly upgrade?: boolean;
  readonly httpVersionMajor?: number;
}

/** A request that was observed before it is measured. */
interface Begun {
  readonly startedAt: number;
  readonly endedAt?: number;
  /** The response, or HTTP/2's stream, which tells of the end. */
  readonly outgoing: unknown;
}

/**
 * Measures a request until its response is closed.
 *
 * @returns The request; `undefined` if it is excluded.
 */
export function measure<Call>(
  meter: RequestMeter<Call>,
  request: NodeRequest,
  response: NodeResponse,
  call: Call,
  begun?: Begun,
): Measured<Call> | undefined {
  const { originalUrl, url } = request as FullRequest;
  if (meter.hasExclusions && meter.excludes(originalUrl ?? url, call)) {
    return undefined;
  }
  return new Measured(meter, request, response, call, begun);
}

/** A request of Node's that is measured, and its response. */
class Measured<Call> implements MeasuredRequest, FollowedResponse {
  /** Whether the listener has thrown, or its promise was rejected. */
  hasFailed = false;
  readonly #request: FullRequest;
  readonly #response: NodeResponse;
  readonly #exchange: Exchange<Call>;

  constructor(
    meter: RequestMeter<Call>,
    request: FullRequest,
    response: NodeResponse,
    call: Call,
    begun: Begun | undefined,
  ) {
    this.#request = request;
    this.#response = response;
    const startedAt = begun?.startedAt;
    const exchange = new Exchange(meter, this, undefined, startedAt);
    this.#exchange = exchange;
    const outgoing = begun ? begun.outgoing : response;
    const end = exchange.follow(outgoing, this, call, begun?.endedAt);
    // No event marks the handshake, and the response closes with the connection.
    if (request.upgrade === true) nextTurn(end);
  }

  /** Forgets it. */
  drop(): void {
    this.#exchange.drop();
  }

  get status(): number {
    const { headersSent, statusCode } = this.#response;
    if (headersSent) return statusCode;
    if (this.hasFailed) return 500;
    // Node's status would be 200.
    return this.#request.upgrade === true ? 101 : CLIENT_GONE;
  }

  get method(): string {
    return this.#request.method ?? "";
  }

  get headers(): MeasuredRequest["headers"] {
    return headersOf(this.#request.headers);
  }

  /** The headers tell of a body of unknown size; those of HTTP/2 do not. */
  get body(): unknown {
    const { headers, httpVersionMajor } = this.#request;
    return httpVersionMajor === 2 || headers["transfer-encoding"] || null;
  }
}
