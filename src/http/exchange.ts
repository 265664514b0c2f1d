import type { OwnSeries } from "../metrics/own_series.ts";
import {
  asksForWebSocket,
  isUpgraded,
  keepHeaders,
  type RequestOrigin,
  type ResponseWatcher,
  watchBytes,
  watchEnd,
} from "../runtime/response_end.ts";
import { watchBody } from "./body_end.ts";
import { methodOf } from "./methods.ts";
import type { RequestMeter } from "./request_meter.ts";
import type { RequestDetails, RequestSeries } from "./request_metrics.ts";
import { contentLength, requestSize } from "./sizes.ts";

/** The statuses of responses without a body (RFC 9110, 6.4.1). */
const BODILESS: readonly number[] = [204, 205, 304];

/**
 * One request and its response, from the handler's call to the last byte. None of
 * its methods ever throws: the outcome is the application's.
 */
export class Exchange<Call> implements ResponseWatcher {
  readonly #meter: RequestMeter<Call>;
  readonly #request: Request;
  readonly #context: unknown;
  readonly #method: string;
  readonly #startedAt: number;
  readonly #inprogress: OwnSeries;
  /** Where it is counted; known when the handler has answered. */
  #series: RequestSeries | undefined;
  #details: RequestDetails | undefined;
  #hasEnded = false;

  /**
   * Begins to measure a request.
   *
   * @param context What the server has handed to the handler beside it.
   */
  constructor(meter: RequestMeter<Call>, request: Request, context: unknown) {
    this.#meter = meter;
    this.#request = request;
    this.#context = context;
    this.#method = methodOf(request);
    this.#inprogress = meter.metrics.begin(this.#method);
    this.#startedAt = performance.now();
    if (!meter.readsRequests) return;
    try {
      keepHeaders(context, request);
    } catch (error) {
      meter.report(error);
    }
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
    // What is no response has no end, and what is no status is 500.
    let sent: Response | undefined;
    let status = 500;
    try {
      if (typeof response?.status === "number") {
        sent = response;
        if (response.status >= 100) status = response.status;
      }
      if (this.#isUpgraded(response)) status = 101;
    } catch (error) {
      this.#meter.report(error);
    }
    const { origin } = this.#describe(status, call);
    try {
      // A WebSocket's life is no request.
      if (sent && status !== 101) return this.#watch(sent, origin);
    } catch (error) {
      this.#meter.report(error);
    }
    this.onEnd();
    return undefined;
  }

  /** Takes note that the handler has failed: the server answers with 500. */
  fail(call: Call): void {
    this.#describe(500, call);
    this.onEnd();
  }

  /** Counts the request, once; the handler must have answered. */
  onEnd(at: number = performance.now()): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#inprogress.add(-1);
    this.#series?.count((at - this.#startedAt) / 1000, this.#details);
  }

  onBytes(bytes: number): void {
    const details = this.#details;
    if (details === undefined) return;
    details.responseBytes = (details.responseBytes ?? 0) + bytes;
  }

  /** Who makes a WebSocket returns nothing, or an empty response. */
  #isUpgraded(response: Response | undefined): boolean {
    return response === undefined
      ? asksForWebSocket(this.#request)
      : response.status === 200 && isUpgraded(this.#context, this.#request);
  }

  /** Makes what the request and the answer tell, before they are gone. */
  #describe(status: number, call: Call): RequestSeries {
    const meter = this.#meter;
    if (meter.hasDetails) {
      try {
        this.#details = {
          exemplar: meter.exemplar(call, this.#request),
          requestBytes: meter.hasSizes ? requestSize(this.#request) : undefined,
        };
      } catch (error) {
        meter.report(error);
      }
    }
    return this.#series = meter.metrics.of(
      this.#method,
      meter.route(call),
      status,
      meter.ownLabels(call),
    );
  }

  /** Sees to it that the end is learnt, and the size if it is asked for. */
  #watch(
    response: Response,
    origin: RequestOrigin,
  ): Promise<Response> | undefined {
    const isWatched = watchEnd(this.#context, this.#request, this, origin);
    if (isWatched && !this.#meter.hasSizes) return undefined;
    const hasBody = this.#method !== "HEAD" &&
      !BODILESS.includes(response.status);
    if (hasBody && !(isWatched && this.#knowsSize(response))) {
      return this.#readBody(response, isWatched);
    }
    if (!hasBody) this.onBytes(0);
    if (!isWatched) this.onEnd();
    return undefined;
  }

  /** Whether the size of the body is known, or will be without reading it. */
  #knowsSize(response: Response): boolean {
    if (!this.#meter.hasSizes) return true;
    // First of all: to ask for its headers makes a response slow on Node.
    if (watchBytes(this.#context, this)) return true;
    const length = contentLength(response.headers);
    if (length !== undefined) this.onBytes(length);
    return length !== undefined;
  }

  async #readBody(
    response: Response,
    isWatched: boolean,
  ): Promise<Response> {
    const watcher: ResponseWatcher = isWatched
      ? { onBytes: (bytes) => this.onBytes(bytes), onEnd() {} }
      : this;
    try {
      return await watchBody(response, watcher);
    } catch (error) {
      this.#meter.report(error);
      watcher.onEnd();
      return response;
    }
  }
}
