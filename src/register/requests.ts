import { RequestMeter } from "../http/request_meter.ts";
import { appOf, routeOf } from "../node/express_route.ts";
import { measure } from "../node/measure.ts";
import type { Settings } from "./environment.ts";
import type { Observed } from "./observed.ts";

/** Makes a function that measures the requests that were observed. */
export function requestMeter(
  { names, buckets }: Settings,
  onError: (error: unknown) => void,
): (observed: Observed) => void {
  const meter = new RequestMeter<Observed>(
    "register",
    { names, buckets, onError },
    findRoute,
  );
  // Its own requests are no claims of the application.
  meter.claim = undefined;
  return (observed) => {
    if (observed.isClaimed) return;
    const { request, response } = observed;
    observed.measured = measure(meter, request, response, observed, observed);
  };
}

function findRoute({ request, route }: Observed): string | undefined {
  return route ?? routeOf(request, appOf(request));
}
