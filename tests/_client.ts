/** The client package under test: the runner sets which. */
import process from "node:process";

/** The client packages. */
export type ClientName = "prom-client" | "@prometheus-io/client";

/** Its name. */
export const clientName: ClientName = requireClientName(
  process.env.PROMETHEUS_CLIENT ?? "prom-client",
);

/** The client package under test, typed as `prom-client`, whose API both have. */
export const client: typeof import("prom-client") = clientName === "prom-client"
  ? await import("prom-client")
  : await import(
    "@prometheus-io/client"
  ) as unknown as typeof import("prom-client");

function requireClientName(name: string): ClientName {
  if (name === "prom-client" || name === "@prometheus-io/client") return name;
  throw new RangeError(
    "Cannot run tests: PROMETHEUS_CLIENT must be prom-client or " +
      `@prometheus-io/client, received "${name}", which the runner sets for ` +
      "tests that it does not know to depend on a client",
  );
}
