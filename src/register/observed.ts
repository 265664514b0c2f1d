import { shared } from "../metrics/shared.ts";
import {
  onRequest,
  onRoute,
  type ToldRequest,
} from "../runtime/request_channels.ts";

/**
 * Where the response, or HTTP/2's stream, has its request: by a `WeakMap` of them a
 * request takes half as long again.
 */
const OBSERVED = Symbol("prometheus-async: request");

interface Outgoing {
  [OBSERVED]?: Observed;
}

/** A request that a channel has told of. */
export class Observed {
  readonly request: ToldRequest["request"];
  readonly response: ToldRequest["response"];
  readonly outgoing: ToldRequest["outgoing"];
  /** By `performance.now()`. */
  readonly startedAt: number = performance.now();
  endedAt: number | undefined;
  /** The route that the framework has told. */
  route: string | undefined;
  /** Whether the application measures it itself. */
  isClaimed = false;
  /** Its measurement here. */
  measured: { drop(): void } | undefined;

  constructor({ request, response, outgoing }: ToldRequest) {
    this.request = request;
    this.response = response;
    this.outgoing = outgoing;
    (outgoing as Outgoing)[OBSERVED] = this;
  }
}

/** Finds a request by its response. */
function find(response: { readonly stream?: object }): Observed | undefined {
  return ((response.stream ?? response) as Outgoing)[OBSERVED];
}

/**
 * Observes the requests of this thread's servers.
 *
 * @param listener Called with each before its own listener is.
 */
export function observe(listener: (observed: Observed) => void): void {
  onRequest((told) => listener(new Observed(told)));
  onRoute((route, response) => {
    const observed = find(response);
    if (observed) observed.route = route;
  });
  shared().claim = (outgoing) => {
    const observed = find(outgoing);
    if (observed === undefined) return;
    observed.isClaimed = true;
    observed.measured?.drop();
  };
}
