import type { CollectorError } from "../errors.ts";
import { plainResponse } from "../plain_response.ts";
import { paced } from "../runtime/pace.ts";
import { type Report, reporter } from "../wrappers/measurement.ts";
import { compress } from "./compress.ts";
import { Deadline, scrapeTimeout } from "./deadline.ts";
import { encode } from "./encode.ts";
import type { Gatherer, Gathering, Overview } from "./gather.ts";
import { messageOf } from "../message_of.ts";
import { mergeFamilies } from "../families/merge_families.ts";
import { nameFilter, readNames } from "./name_filter.ts";
import { negotiateFormat } from "./negotiate.ts";
import type { MetricsHandlerSettings } from "./options.ts";
import { type AnswerRecord, OwnMetrics } from "./own_metrics.ts";

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

/** When to come back after a 503, in seconds: scrapes take less. */
const RETRY_AFTER = "1";

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

/** Answers scrapes: what one handler keeps from one to the next. */
export class ScrapeHandler {
  readonly #settings: MetricsHandlerSettings;
  readonly #gatherer: Gatherer;
  readonly #onError: ((error: unknown) => void) | undefined;
  readonly #own: OwnMetrics;
  readonly #reports = new Map<string, Report>();
  #inFlight = 0;

  /**
   * Makes a handler that has not been asked yet.
   *
   * @param settings How it answers.
   * @param gatherer Where the metrics come from.
   * @param onError Takes each failure; without it the first of each kind goes to
   * the console.
   */
  constructor(
    settings: MetricsHandlerSettings,
    gatherer: Gatherer,
    onError: ((error: unknown) => void) | undefined,
  ) {
    this.#settings = settings;
    this.#gatherer = gatherer;
    this.#onError = onError;
    this.#own = new OwnMetrics(settings.ownMetrics);
  }

  /** Answers a request, whatever happens on the way. */
  async answer(request: MetricsRequest): Promise<AnsweredScrape> {
    const startedAt = performance.now();
    const { response, failures = [], ...sent } = await this.#route(request);
    const seconds = (performance.now() - startedAt) / 1000;
    const record = { code: response.status, seconds, ...sent };
    this.#own.answered(record);
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
    const query = readNames(search);
    if ("reason" in query) {
      return plain(400, `Bad Request: ${query.reason}`);
    }
    if (this.#inFlight >= this.#settings.maxInFlight) {
      return plain(503, "Too many scrapes at once", {
        "retry-after": RETRY_AFTER,
      });
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
    const { body, encoding } = this.#settings.compress
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
      format: `${syntax} ${version}`,
      bytes: isHead ? undefined : body.byteLength,
      failures,
    };
  }

  async #gather(
    names: readonly string[],
    deadline: Deadline,
  ): Promise<Gathering> {
    const maxAge = this.#settings.coalesce;
    const gathering = await this.#gatherer.gather({ names, deadline, maxAge });
    const { failures, durations } = gathering;
    for (const [collector, seconds] of durations) {
      this.#own.collected(collector, seconds);
    }
    for (const failure of failures) this.#fail(failure);
    this.#own.inFlight = this.#inFlight;
    const own = this.#own.families(nameFilter(names));
    if (own.length === 0) return gathering;
    const { families, failures: conflicts } = await paced(
      mergeFamilies([...gathering.families, ...own]),
    );
    for (const failure of conflicts) this.#fail(failure);
    return { ...gathering, families, failures: [...failures, ...conflicts] };
  }

  #fail(failure: CollectorError): void {
    this.#own.failed(failure);
    this.#report(`gather metric "${failure.collector}"`, failure);
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
