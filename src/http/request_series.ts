import type { OwnMetric, OwnSeries } from "../metrics/own_metric.ts";
import { RequestOrigin } from "../runtime/response_end.ts";
import type { LabelValues } from "../wrappers/wrapper_options.ts";

/** The measurements of a request that are made on demand. */
export interface RequestDetails {
  /** Absent if it is unknown. */
  readonly requestBytes: number | undefined;
  /** As far as they were counted. */
  responseBytes?: number;
  /** The labels of an exemplar. */
  readonly exemplar: LabelValues | undefined;
  /** From the request to the response's first byte, if there was one. */
  firstByteSeconds?: number;
}

/** The metrics of requests, whichever copy of the package has made them. */
export interface Measured {
  readonly requests?: OwnMetric;
  readonly duration: OwnMetric;
  readonly firstByte?: OwnMetric;
  readonly inprogress: OwnMetric;
  readonly requestSize?: OwnMetric;
  readonly responseSize?: OwnMetric;
}

/** The series of one label set. */
export class RequestSeries {
  /** Where its requests come from. */
  readonly origin: RequestOrigin = new RequestOrigin();
  readonly #metrics: { readonly measured: Measured };
  readonly #labels: Readonly<Record<string, string>>;
  /** The metrics that the series belong to. */
  #measured!: Measured;
  #requests: OwnSeries | undefined;
  #duration!: OwnSeries;
  #firstByte: OwnSeries | undefined;
  #requestSize: OwnSeries | undefined;
  #responseSize: OwnSeries | undefined;

  constructor(
    metrics: { readonly measured: Measured },
    labels: Readonly<Record<string, string>>,
  ) {
    this.#metrics = metrics;
    this.#labels = labels;
    this.#find();
  }

  /** Counts a request whose response was sent. */
  count(seconds: number, details: RequestDetails | undefined): void {
    // They were registered again while the response was sent.
    if (this.#measured !== this.#metrics.measured) this.#find();
    if (details === undefined) {
      this.#requests?.add(1);
      this.#duration.observe(seconds);
      return;
    }
    const { exemplar, requestBytes, responseBytes, firstByteSeconds } = details;
    const exemplify = (value: number) =>
      exemplar &&
      { labelSet: exemplar, value, timestamp: Date.now() / 1000 };
    this.#requests?.add(1, exemplify(1));
    this.#duration.observe(seconds, exemplify(seconds));
    if (firstByteSeconds !== undefined) {
      this.#firstByte?.observe(firstByteSeconds, exemplify(firstByteSeconds));
    }
    if (requestBytes !== undefined) this.#requestSize?.observe(requestBytes);
    if (responseBytes !== undefined) this.#responseSize?.observe(responseBytes);
  }

  #find(): void {
    const labels = this.#labels;
    const measured = this.#measured = this.#metrics.measured;
    this.#requests = measured.requests?.of(labels);
    this.#duration = measured.duration.of(labels);
    this.#firstByte = measured.firstByte?.of(labels);
    this.#requestSize = measured.requestSize?.of(labels);
    this.#responseSize = measured.responseSize?.of(labels);
  }
}

/**
 * Values by the label sets of requests, found by one label after the other. To
 * join the labels into a key takes several times as long.
 */
export class LabelTree<T> {
  /** The rest of the label sets, by the next label. */
  readonly branches: Map<string | number, LabelTree<T>> = new Map();
  /** The value of the label set that ends here. */
  leaf: T | undefined;

  get(
    method: string,
    route: string,
    status: number,
    own: readonly string[],
  ): T | undefined {
    let branch = this.branches.get(method)?.branches.get(route);
    branch = branch?.branches.get(status);
    for (let i = 0; i < own.length; i++) branch = branch?.branches.get(own[i]);
    return branch?.leaf;
  }

  set([value, ...rest]: readonly (string | number)[], leaf: T): void {
    if (value === undefined) {
      this.leaf = leaf;
      return;
    }
    const branch = this.branches.get(value) ?? new LabelTree();
    this.branches.set(value, branch);
    branch.set(rest, leaf);
  }
}
