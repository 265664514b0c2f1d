import type { OwnSeries } from "../metrics/own_metric.ts";
import {
  asksForWebSocket,
  isUpgraded,
  keepHeaders,
  type RequestOrigin,
  type ResponseWatcher,
  watchBytes,
  watchClose,
  watchEnd,
  watchFirstByte,
} from "../runtime/response_end.ts";
import { watchBody } from "./body_end.ts";
import type { RequestMeter } from "./request_meter.ts";
import {
  contentLength,
  type MeasuredRequest,
  methodOf,
  requestSize,
} from "./request_parts.ts";
import type { RequestDetails, RequestSeries } from "./request_series.ts";

/** The statuses of responses without a body (RFC 9110, 6.4.1). */
const BODILESS: readonly number[] = [204, 205, 304];

/** A response that a listener of Node's writes. */
export interface FollowedResponse {
  /** Its status, once it is closed. */
  readonly status: number;
}

/**
 * One request and its response, from the handler's call to the last byte. No method
 * throws: measuring must not change the application's outcome.
 */
export class Exchange<Call> implements ResponseWatcher {
  readonly #meter: RequestMeter<Call>;
  readonly #request: MeasuredRequest;
  readonly #context: unknown;
  readonly #method: string;
  readonly #startedAt: number;
  readonly #inprogress: OwnSeries;
  /** Set when the handler has answered, as are the details. */
  #series: RequestSeries | undefined;
  #details: RequestDetails | undefined;
  #responseBytes: number | undefined;
  #firstByteAt: number | undefined;
  #hasEnded = false;

  /**
   * @param context The handler's second argument, or the like: it tells of the end.
   * @param startedAt By `performance.now()`.
   */
  constructor(
    meter: RequestMeter<Call>,
    request: MeasuredRequest,
    context: unknown,
    startedAt: number = performance.now(),
  ) {
    this.#meter = meter;
    this.#request = request;
    this.#context = context;
    this.#method = methodOf(request, meter.methods);
    this.#inprogress = meter.metrics.begin(this.#method, meter.report);
    this.#startedAt = startedAt;
    if (meter.claim) {
      const { outgoing } = (context ?? {}) as { outgoing?: object };
      if (outgoing) meter.claim(outgoing);
    }
    if (!meter.readsRequests) return;
    try {
      keepHeaders(context, request);
    } catch (error) {
      meter.report(error);
    }
  }

  /**
   * Takes the handler's response; `undefined` if it has returned no response.
   *
   * @returns A response to send instead, if only that tells of the end.
   */
  answer(
    response: Response | undefined,
    call: Call,
  ): Promise<Response> | undefined {
    // No response: nothing to wait for. No valid status: 500.
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
    this.onFirstByte();
    const { origin } = this.#describe(status, call);
    try {
      // A request that became a WebSocket ends with its handshake.
      if (sent && status !== 101) return this.#watch(sent, origin);
    } catch (error) {
      this.#meter.report(error);
    }
    this.onEnd();
    return undefined;
  }

  /** Takes the handler's failure: the server answers with 500. */
  fail(call: Call): void {
    this.#describe(500, call);
    this.onEnd();
  }

  /**
   * Follows a response that a listener of Node's writes. Call it before the
   * listener.
   *
   * @param endedAt When it was closed, if it is.
   * @returns Ends the request before that.
   */
  follow(
    outgoing: unknown,
    response: FollowedResponse,
    call: Call,
    endedAt?: number,
  ): () => void {
    const end = () => {
      if (this.#hasEnded) return;
      const { status } = response;
      this.#describe(status, call);
      if (!this.#hasBody(status)) this.#responseBytes = 0;
      this.onEnd(endedAt);
    };
    this.#meter.claim?.(outgoing as object);
    if (this.#meter.hasSizes) {
      this.onBytes(0);
      watchBytes({ outgoing }, this);
    }
    if (this.#meter.hasFirstByte) {
      watchFirstByte(outgoing, () => this.onFirstByte());
    }
    watchClose(outgoing, end);
    return end;
  }

  /** Counts the request, once; the handler must have answered. */
  onEnd(at: number = performance.now()): void {
    if (this.#hasEnded) return;
    this.drop();
    const details = this.#details;
    if (details) {
      details.responseBytes = this.#responseBytes;
      details.firstByteSeconds = this.#firstByteAt &&
        (this.#firstByteAt - this.#startedAt) / 1000;
    }
    this.#series?.count((at - this.#startedAt) / 1000, details);
  }

  /** Forgets the request: the application measures it itself. */
  drop(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#inprogress.add(-1);
  }

  onFirstByte(): void {
    if (this.#meter.hasFirstByte) this.#firstByteAt ??= performance.now();
  }

  onBytes(bytes: number): void {
    this.#responseBytes = (this.#responseBytes ?? 0) + bytes;
  }

  #hasBody(status: number): boolean {
    return this.#method !== "HEAD" && !BODILESS.includes(status);
  }

  /** A handler that makes a WebSocket returns `undefined`, or an empty response. */
  #isUpgraded(response: Response | undefined): boolean {
    return response === undefined
      ? asksForWebSocket(this.#request)
      : response.status === 200 && isUpgraded(this.#context, this.#request);
  }

  /** Finds series and details while request and response can still be read. */
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

  /** Follows the response to its end, and its size if that is measured. */
  #watch(
    response: Response,
    origin: RequestOrigin,
  ): Promise<Response> | undefined {
    const isWatched = watchEnd(this.#context, this.#request, this, origin);
    if (isWatched && !this.#meter.hasSizes) return undefined;
    const hasBody = this.#hasBody(response.status);
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
    // First, since asking for its headers makes a response slow on Node.
    if (watchBytes(this.#context, this)) return true;
    const length = contentLength(response.headers);
    if (length !== undefined) this.onBytes(length);
    return length !== undefined;
  }

  async #readBody(response: Response, isWatched: boolean): Promise<Response> {
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
