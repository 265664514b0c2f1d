import { shared } from "../metrics/shared.ts";
import {
  onRequest,
  onRoute,
  type ToldRequest,
} from "../runtime/request_channels.ts";

/** A request that a channel has told of. */
export interface Observed extends ToldRequest {
  /** By `performance.now()`. */
  readonly startedAt: number;
  endedAt?: number;
  /** The route that the framework has told. */
  route?: string;
  /** Whether the application measures it itself. */
  isClaimed: boolean;
  /** Its measurement here. */
  measured?: { drop(): void };
}

/** The requests that are known, by their responses or streams. */
const known = new WeakMap<object, Observed>();

/** Finds a request by its response. */
function find(response: { readonly stream?: object }): Observed | undefined {
  return known.get(response.stream ?? response);
}

/**
 * Observes the requests of this thread's servers.
 *
 * @param listener Called with each before its own listener is.
 */
export function observe(listener: (observed: Observed) => void): void {
  onRequest((told) => {
    const startedAt = performance.now();
    const observed: Observed = { ...told, startedAt, isClaimed: false };
    known.set(told.outgoing, observed);
    listener(observed);
  });
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
