import type { OwnSeries } from "../metrics/own_series.ts";
import {
  type Ending,
  isUpgraded,
  watchBytes,
  watchEnd,
} from "../runtime/response_end.ts";
import { type BodyFollower, followBody } from "./body_end.ts";
import { methodLabel } from "./methods.ts";
import type { RequestMeter } from "./request_meter.ts";
import type { RequestDetails, RequestSeries } from "./request_metrics.ts";

/** The statuses of responses without a body (RFC 9110, 6.4.1). */
const BODILESS: readonly number[] = [204, 205, 304];

/**
 * The size of a request's body.
 *
 * @returns `undefined` if it is known by nobody before it has come.
 */
function requestBytes(request: Request): number | undefined {
  const { headers, method } = request;
  const length = headers.get("content-length");
  if (length !== null) return Number(length);
  if (method === "GET" || method === "HEAD") return 0;
  return request.body === null ? 0 : undefined;
}

/** What is measured on demand, as it comes. */
interface Details extends RequestDetails {
  responseBytes?: number;
}

/** One request and its response, from the handler's call to the last byte. */
export class Exchange<Call> implements Ending, BodyFollower {
  readonly #meter: RequestMeter<Call>;
  readonly #request: Request;
  readonly #context: unknown;
  readonly #method: string;
  readonly #startedAt: number;
  readonly #inprogress: OwnSeries;
  /** Where it is counted; known when the handler has answered. */
  #series: RequestSeries | undefined;
  #details: Details | undefined;
  #isWatched = false;

  /**
   * Begins to measure a request.
   *
   * @param context What the server has handed to the handler beside it.
   */
  constructor(meter: RequestMeter<Call>, request: Request, context: unknown) {
    this.#meter = meter;
    this.#request = request;
    this.#context = context;
    this.#method = methodLabel(request.method);
    this.#inprogress = meter.metrics.begin(this.#method);
    this.#startedAt = performance.now();
  }

  /**
   * Takes the handler's response.
   *
   * @param response `undefined` if it has returned none.
   * @param call What is known of the request now.
   * @returns What is to take the response's place, if its end cannot be learnt
   * otherwise.
   */
  answer(
    response: Response | undefined,
    call: Call,
  ): Promise<Response> | undefined {
    try {
      const status = this.#statusOf(response);
      this.#describe(status, call);
      // A WebSocket's life is no request; and what is no response has no end.
      const isResponse = typeof response?.status === "number";
      if (isResponse && status !== 101) return this.#follow(response);
    } catch (error) {
      this.#meter.report(error);
    }
    this.end();
    return undefined;
  }

  /** Takes note that the handler has failed: the server answers with 500. */
  fail(call: Call): void {
    this.#describe(500, call);
    this.end();
  }

  /** Counts the request, once. */
  end(): void {
    const series = this.#series;
    if (series === undefined) return;
    this.#series = undefined;
    this.#inprogress.add(-1);
    series.count((performance.now() - this.#startedAt) / 1000, this.#details);
  }

  onBytes(bytes: number): void {
    if (this.#details === undefined) return;
    this.#details.responseBytes = (this.#details.responseBytes ?? 0) + bytes;
  }

  onEnd(): void {
    if (!this.#isWatched) this.end();
  }

  #statusOf(response: Response | undefined): number {
    const status = response?.status ?? 500;
    // Who makes a WebSocket of a request returns nothing, or an empty response.
    const mayBeUpgrade = response === undefined || status === 200;
    return mayBeUpgrade && isUpgraded(this.#context, this.#request)
      ? 101
      : status;
  }

  /** Makes what the request and the answer tell, before they are gone. */
  #describe(status: number, call: Call): void {
    const meter = this.#meter;
    const route = meter.route(call);
    this.#series = meter.metrics.of(
      this.#method,
      route,
      status,
      meter.ownLabels(call),
    );
    if (!meter.hasDetails) return;
    this.#details = {
      exemplar: meter.exemplar(call, this.#request),
      requestBytes: meter.hasSizes ? requestBytes(this.#request) : undefined,
    };
  }

  /** Sees to it that the end is learnt. */
  #follow(response: Response): Promise<Response> | undefined {
    this.#isWatched = watchEnd(this.#context, this.#request, this);
    if (this.#isWatched && !this.#meter.hasSizes) return undefined;
    const hasBody = this.#request.method !== "HEAD" &&
      !BODILESS.includes(response.status);
    if (hasBody && !(this.#isWatched && this.#knowsSize(response))) {
      return followBody(response, this);
    }
    if (!hasBody) this.onBytes(0);
    if (!this.#isWatched) this.end();
    return undefined;
  }

  /** Whether the size of the body is known, or will be without reading it. */
  #knowsSize(response: Response): boolean {
    if (!this.#meter.hasSizes) return true;
    // First of all: to ask for its headers makes a response slow on Node.
    if (watchBytes(this.#context, (bytes) => this.onBytes(bytes))) return true;
    const length = response.headers.get("content-length");
    if (length !== null) this.onBytes(Number(length));
    return length !== null;
  }
}
