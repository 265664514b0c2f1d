import { Exchange } from "../http/exchange.ts";
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

/** The part of a request's outcome that its response does not show. */
export interface ListenerOutcome {
  hasFailed: boolean;
  /** Forgets the request; absent if it is excluded. */
  drop?: () => void;
}

/** A request that was observed before it is measured. */
interface Begun {
  readonly startedAt: number;
  readonly endedAt?: number;
  /** The response, or HTTP/2's stream, which tells of the end. */
  readonly outgoing: unknown;
}

/** Measures a request until its response is closed, unless it is excluded. */
export function measure<Call>(
  meter: RequestMeter<Call>,
  request: NodeRequest,
  response: NodeResponse,
  call: Call,
  { startedAt, endedAt, outgoing }: Begun = {
    startedAt: performance.now(),
    outgoing: response,
  },
): ListenerOutcome {
  const outcome: ListenerOutcome = { hasFailed: false };
  const { originalUrl, url, upgrade } = request as FullRequest;
  if (meter.hasExclusions && meter.excludes(originalUrl ?? url, call)) {
    return outcome;
  }
  const isUpgrade = upgrade === true;
  const statusOf = () => {
    if (response.headersSent) return response.statusCode;
    if (outcome.hasFailed) return 500;
    // Node's status would be 200.
    return isUpgrade ? 101 : CLIENT_GONE;
  };
  const parts = new Parts(request);
  const exchange = new Exchange(meter, parts, undefined, startedAt);
  const end = exchange.follow(outgoing, statusOf, call, endedAt);
  // No event marks the handshake, and the response closes with the connection.
  if (isUpgrade) nextTurn(end);
  outcome.drop = () => exchange.drop();
  return outcome;
}

/** A request of Node's, as it is measured. */
class Parts implements MeasuredRequest {
  readonly #request: NodeRequest;

  constructor(request: NodeRequest) {
    this.#request = request;
  }

  get method(): string {
    return this.#request.method ?? "";
  }

  get headers(): MeasuredRequest["headers"] {
    return headersOf(this.#request.headers);
  }

  /** The headers tell of a body of unknown size; those of HTTP/2 do not. */
  get body(): unknown {
    const { headers, httpVersionMajor } = this.#request as FullRequest;
    return httpVersionMajor === 2 || headers["transfer-encoding"] || null;
  }
}
