/** The client package under test: the runner sets which. */
import process from "node:process";

/** The client packages that are equal. */
export type ClientName = "prom-client" | "@prometheus-io/client";

type Client = typeof import("prom-client");

/** How each is loaded, and a fork that some tests of storage run with as well. */
const LOADERS: Readonly<Record<string, () => Promise<unknown>>> = {
  "prom-client": () => import("prom-client"),
  "@prometheus-io/client": () => import("@prometheus-io/client"),
  "@platformatic/prom-client": () => import("@platformatic/prom-client"),
};

/** Its name. */
export const clientName: ClientName = requireClientName(
  process.env.PROMETHEUS_CLIENT ?? "prom-client",
);

/** The client package under test, typed as `prom-client`, whose API all have. */
export const client: Client = await LOADERS[clientName]() as Client;

function requireClientName(name: string): ClientName {
  if (Object.hasOwn(LOADERS, name)) return name as ClientName;
  throw new RangeError(
    "Cannot run tests: PROMETHEUS_CLIENT must be one of " +
      `${Object.keys(LOADERS).join(", ")}, received "${name}", which the ` +
      "runner sets for tests that it does not know to depend on a client",
  );
}
