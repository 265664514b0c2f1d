import { describe } from "../describe.ts";
import type { CollectorError } from "../errors.ts";
import { MergedFamilies } from "../families/merge.ts";
import { encode } from "../formats/encode.ts";
import { negotiateFormat } from "../formats/negotiate.ts";
import { Deadline, scrapeTimeout } from "../gather/deadline.ts";
import { gather } from "../gather/gather.ts";
import type { Gatherer, Gathering, Overview } from "../gather/gatherer.ts";
import { nameFilter, readNames } from "../gather/name_filter.ts";
import { messageOf } from "../message_of.ts";
import type { OwnMetric } from "../metrics/own_metric.ts";
import type { OwnRegistry } from "../metrics/own_registry.ts";
import { plainResponse } from "../plain_response.ts";
import { type Report, reporter } from "../wrappers/measurement.ts";
import { compress } from "./compress.ts";
import { DefaultNotices } from "./default_notices.ts";
import type { MetricsHandlerSettings } from "./options.ts";
import {
  addFailures,
  type AnswerRecord,
  ScrapeMetrics,
} from "./scrape_metrics.ts";

/**
 * The part of a web-standard `Request` that is needed to serve metrics.
 *
 * @example A request that is no Request
 * ```ts
 * import { type MetricsRequest, serverStats } from "@prometheus-async/prometheus-async";
 *
 * const request: MetricsRequest = {
 *   method: "HEAD",
 *   url: "http://localhost/metrics",
 *   headers: new Headers(),
 * };
 * const response = await serverStats(request);
 * if (response.status !== 200) throw new Error(await response.text());
 * ```
 */
export type MetricsRequest = Pick<Request, "method" | "url" | "headers">;

const ALLOW = "GET, HEAD, OPTIONS";

/** An answer, and what is counted of it. */
interface Answer {
  readonly response: Response;
  /** The exposition format, if it has metrics. */
  readonly format?: string;
  /** The size of the body with metrics. */
  readonly bytes?: number;
  /** Which collectors failed on the way. */
  readonly failures?: readonly CollectorError[];
}

/** An answer, with what there is to know of it. */
export interface AnsweredScrape {
  readonly response: Response;
  readonly record: AnswerRecord;
  readonly failures: readonly CollectorError[];
}

/** Answers scrapes, and keeps what a handler needs from one to the next. */
export class ScrapeHandler {
  readonly #settings: MetricsHandlerSettings;
  readonly #gatherer: Gatherer;
  readonly #onError: ((error: unknown) => void) | undefined;
  readonly #own: OwnRegistry;
  #failures: OwnMetric | undefined;
  readonly #metrics: ScrapeMetrics | undefined;
  readonly #reports = new Map<string, Report>();
  readonly #default: DefaultNotices | undefined;
  #inFlight = 0;

  /**
   * Makes a handler that has not been asked yet.
   *
   * @param settings How it answers.
   * @param gatherer Where the metrics come from.
   * @param own The package's own metrics, which are served with them.
   * @param onError Takes each failure; without it the first of each kind goes to
   * the console.
   */
  constructor(
    settings: MetricsHandlerSettings,
    gatherer: Gatherer,
    own: OwnRegistry,
    onError: ((error: unknown) => void) | undefined,
  ) {
    this.#settings = settings;
    this.#gatherer = gatherer;
    this.#onError = onError;
    this.#own = own;
    if (settings.isDefaultRegistry) this.#default = new DefaultNotices(onError);
    if (!settings.ownMetrics) return;
    this.#failures = addFailures(own);
    this.#metrics = new ScrapeMetrics(own);
  }

  /** Answers a request, as a fetch handler does. */
  readonly handle = async (request: MetricsRequest): Promise<Response> => {
    return (await this.answer(request)).response;
  };

  /**
   * Answers a request, whatever happens on the way.
   *
   * @throws {TypeError} If it has no URL and headers.
   */
  async answer(request: MetricsRequest): Promise<AnsweredScrape> {
    const isRequest = typeof request?.url === "string" &&
      typeof request.headers?.get === "function";
    if (!isRequest) {
      throw new TypeError(
        "Cannot serve metrics: a Request with url and headers is required, " +
          `received ${describe(request)}; from a framework's context pass ` +
          'its request, in Hono write `app.get("/metrics", metrics())`, with ' +
          "`metrics` of this package's `hono`",
      );
    }
    const startedAt = performance.now();
    const { response, failures = [], ...sent } = await this.#route(request);
    const seconds = (performance.now() - startedAt) / 1000;
    const record = { code: response.status, seconds, ...sent };
    this.#metrics?.answered(record);
    return { response, record, failures };
  }

  /**
   * Lists what a scrape would gather now.
   *
   * @throws {Error} If there is no registry before the deadline.
   */
  async overview(): Promise<Overview> {
    return await this.#gatherer.overview(
      new Deadline(scrapeTimeout(null, this.#settings.timeout)),
    );
  }

  async #route(request: MetricsRequest): Promise<Answer> {
    const { method, url } = request;
    if (method === "OPTIONS") return plain(204, null, { allow: ALLOW });
    if (method !== "GET" && method !== "HEAD") {
      return plain(405, "Method Not Allowed", { allow: ALLOW });
    }
    const search = URL.parse(url, "http://localhost")?.search;
    if (search === undefined) return plain(400, "Bad Request: no URL");
    const query = search === "" ? { names: [] } : readNames(search);
    if ("reason" in query) {
      return plain(400, `Bad Request: ${query.reason}`);
    }
    if (this.#inFlight >= this.#settings.maxInFlight) {
      // Scrapes take less than a second.
      return plain(503, "Too many scrapes at once", { "retry-after": "1" });
    }
    this.#inFlight++;
    try {
      return await this.#scrape(request, query.names);
    } catch (error) {
      this.#report("serve metrics", error);
      return plain(500, messageOf(error));
    } finally {
      this.#inFlight--;
    }
  }

  async #scrape(
    request: MetricsRequest,
    names: readonly string[],
  ): Promise<Answer> {
    const { headers } = request;
    const deadline = new Deadline(
      scrapeTimeout(
        headers.get("x-prometheus-scrape-timeout-seconds"),
        this.#settings.timeout,
      ),
    );
    const { families, failures } = await this.#gather(names, deadline);
    if (this.#settings.failOnError && failures.length > 0) {
      const refusal = plain(500, failures.map(messageOf).join("\n"));
      return { ...refusal, failures };
    }
    const format = negotiateFormat(headers.get("accept"));
    const encoded = await encode(families, format);
    const { body, encoding } =
      this.#settings.compress && headers.get("accept-encoding")
        ? await compress(request, encoded)
        : { body: encoded, encoding: undefined };
    const isHead = request.method === "HEAD";
    const response = new Response(isHead ? null : body, {
      headers: {
        "content-type": format.contentType,
        "content-length": String(body.byteLength),
        "vary": "Accept, Accept-Encoding",
        ...encoding && { "content-encoding": encoding },
      },
    });
    const { syntax, version } = format;
    return {
      response,
      format: `${syntax.name} ${version}`,
      bytes: isHead ? undefined : body.byteLength,
      failures,
    };
  }

  /** Gathers the application's metrics, and then those about that. */
  async #gather(
    names: readonly string[],
    deadline: Deadline,
  ): Promise<Omit<Gathering, "durations">> {
    const { coalesce: maxAge, isDefaultRegistry } = this.#settings;
    const gathering = await this.#gatherer.gather({ names, deadline, maxAge });
    const merged = new MergedFamilies();
    const conflicts = await merged.add(gathering.families, isDefaultRegistry);
    const failures = [...gathering.failures, ...conflicts];
    for (const failure of failures) this.#fail(failure);
    this.#default?.look(merged, names);
    if (this.#metrics !== undefined) {
      for (const [collector, seconds] of gathering.durations) {
        this.#metrics.collected(collector, seconds);
      }
      this.#metrics.inFlight = this.#inFlight;
    }
    const { families } = merged;
    if (this.#own.metrics.length === 0) return { families, failures };
    const isWanted = names.length === 0 ? undefined : nameFilter(names);
    const own = await gather([this.#own], { isWanted, deadline });
    for (const failure of await merged.add(own.families)) {
      failures.push(failure);
      this.#fail(failure);
    }
    return { families, failures };
  }

  #fail(failure: CollectorError): void {
    const { collector } = failure;
    this.#failures ??= addFailures(this.#own);
    this.#failures.of({ collector, failure: failure.failure }).add(1);
    this.#report(`gather metric "${collector}"`, failure);
  }

  #report(action: string, error: unknown): void {
    let report = this.#reports.get(action);
    if (report === undefined) {
      report = reporter(action, this.#onError);
      this.#reports.set(action, report);
    }
    report(error);
  }
}

function plain(
  status: number,
  text: string | null,
  headers: Record<string, string> = {},
): Answer {
  return { response: plainResponse(status, text, headers) };
}
