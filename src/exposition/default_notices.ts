import type { MergedFamilies } from "../families/merge.ts";
import { type Report, reporter } from "../wrappers/measurement.ts";

/** The names of metrics that are told, of those that came again. */
const NAMED = 3;

/** Tells once what an application may not expect of the default registry. */
export class DefaultNotices {
  readonly #tellEmpty: Report;
  readonly #tellRepeated: Report;
  readonly #repeated = new Set<string>();
  #isFirst = true;

  /**
   * Makes notices of which nothing was told.
   *
   * @param onError Takes them; without it they go to the console.
   */
  constructor(onError: Report | undefined) {
    this.#tellEmpty = reporter("serve metrics of the application", onError);
    this.#tellRepeated = reporter("serve the metrics of all clients", onError);
  }

  /** Looks at what was gathered for a scrape of some names, or of all metrics. */
  look(
    { families, repeated }: MergedFamilies,
    names: readonly string[],
  ): void {
    const others = [...repeated].filter((name) => !this.#repeated.has(name));
    if (others.length > 0) this.#tellRepeated(repeatedError(others));
    for (const name of others) this.#repeated.add(name);
    // A scrape of some names may be one for metrics of others.
    if (names.length > 0 || !this.#isFirst) return;
    this.#isFirst = false;
    if (families.every(isOwn)) this.#tellEmpty(emptyError());
  }
}

/** Whether a metric is about the package's own work. */
function isOwn({ name }: { name: string }): boolean {
  return name.startsWith("prometheus_async_");
}

function repeatedError(names: readonly string[]): Error {
  const rest = names.length > NAMED ? `, and ${names.length - NAMED} more` : "";
  return new Error(
    "Cannot serve all samples of the clients that are loaded: several have " +
      `those of ${names.slice(0, NAMED).join(", ")}${rest}, and the first ` +
      "client's are served; have one client collect default metrics, or pass " +
      "`registry`",
  );
}

function emptyError(): Error {
  return new Error(
    "Cannot serve metrics of the application: the global registries of the " +
      "clients that it has loaded have none; pass `registry` if it has metrics " +
      "in a registry of its own, in a client that is an ES module, or under a " +
      "test runner that loads modules itself",
  );
}
