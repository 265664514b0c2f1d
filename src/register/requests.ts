import { RequestMeter } from "../http/request_meter.ts";
import { openRegistry } from "../metrics/shared.ts";
import { appOf, routeOf } from "../node/express_route.ts";
import { measure } from "../node/measure.ts";
import type { Registry } from "../types.ts";
import type { Settings } from "./environment.ts";
import type { Observed } from "./observed.ts";

/** The requests that were observed, measured. */
export interface ObservedRequests {
  /** Of its own: in the application's its names may be the application's. */
  readonly registry: Registry;
  /** Measures a request. */
  measure(observed: Observed): void;
}

/** Makes the metrics of requests, and what measures them. */
export function requestMeter(
  { names, buckets }: Settings,
  onError: (error: unknown) => void,
): ObservedRequests {
  const registry = openRegistry();
  const meter = new RequestMeter<Observed>(
    "register",
    { registry, names, buckets, onError },
    findRoute,
  );
  // Its own requests are no claims of the application.
  meter.claim = undefined;
  return {
    registry,
    measure(observed) {
      if (observed.isClaimed) return;
      const { request, response } = observed;
      try {
        observed.measured = measure(
          meter,
          request,
          response,
          observed,
          observed,
        );
      } catch (error) {
        onError(error);
      }
    },
  };
}

function findRoute({ request, route }: Observed): string | undefined {
  if (route !== undefined) return route;
  // Other frameworks may keep the path of a request where Express has its pattern.
  const app = appOf(request);
  return typeof app === "function" ? routeOf(request, app) : undefined;
}
