import {
  type Answer,
  type MetricsRequest,
  plainAnswer,
  requireRequest,
  toResponse,
} from "../answer.ts";
import { reasonOf } from "../base/describe.ts";
import type { CollectorError } from "../errors.ts";
import type { EscapingScheme } from "../families/escaping.ts";
import { type Composition, MergedFamilies } from "../families/merge.ts";
import { type Format, negotiateFormat } from "../formats/format.ts";
import { gather } from "../gather/gather.ts";
import type { Gatherer, Overview } from "../gather/gather.ts";
import type { OwnRegistry } from "../metrics/own_registry.ts";
import { requireVersion } from "../runtime/host.ts";
import { Deadline } from "../runtime/wait.ts";
import { makeBody, negotiateEncoding, type WrittenFamilies } from "./body.ts";
import type { MetricsHandlerSettings } from "./handler_options.ts";
import { parseNames, scrapeTimeout } from "./scrape_request.ts";
import {
  type AnswerRecord,
  DefaultNotices,
  ScrapeReports,
} from "./scrape_reports.ts";

const ALLOW = "GET, HEAD, OPTIONS";

interface CountedAnswer extends Pick<AnswerRecord, "format" | "bytes"> {
  readonly answer: Answer;
  readonly failures?: readonly CollectorError[];
}

export interface AnsweredScrape {
  readonly answer: Answer;
  readonly record: AnswerRecord;
  readonly failures: readonly CollectorError[];
}

/** Answers scrapes, and keeps what a handler needs from one to the next. */
export class ScrapeHandler {
  readonly #settings: MetricsHandlerSettings;
  readonly #gatherer: Gatherer;
  readonly #own: OwnRegistry;
  readonly #reports: ScrapeReports;
  readonly #default: DefaultNotices | undefined;
  readonly #over: AbortSignal | undefined;
  /** Whether readings serve further scrapes, as long as the settings say. */
  coalesces = true;
  /** The compositions of the last scrapes, by how they write names. */
  readonly #last = new Map<EscapingScheme, Composition | undefined>();
  #inFlight = 0;

  /**
   * @param own The package's own metrics, which are served with the others.
   * @param over Ends scrapes that nobody waits for any more.
   */
  constructor(
    settings: MetricsHandlerSettings,
    gatherer: Gatherer,
    own: OwnRegistry,
    onError: ((error: unknown) => void) | undefined,
    over?: AbortSignal,
  ) {
    this.#over = over;
    this.#settings = settings;
    this.#gatherer = gatherer;
    this.#own = own;
    this.#reports = new ScrapeReports(own, settings.ownMetrics, onError);
    if (settings.isDefaultRegistry) {
      this.#default = new DefaultNotices(this.#reports.report);
    }
  }

  readonly handle = async (request: MetricsRequest): Promise<Response> => {
    return toResponse((await this.answer(request)).answer);
  };

  /** @throws {TypeError} If the request has no URL and headers. */
  async answer(request: MetricsRequest): Promise<AnsweredScrape> {
    requireVersion("serve metrics");
    requireRequest(request);
    const startedAt = performance.now();
    const { answer, failures = [], ...sent } = await this.#route(request);
    const seconds = (performance.now() - startedAt) / 1000;
    const record = { code: answer.status, seconds, ...sent };
    this.#reports.answered(record);
    return { answer, record, failures };
  }

  /**
   * Lists the metrics that a scrape would gather now.
   *
   * @throws {Error} If there is no registry before the deadline.
   */
  async overview(): Promise<Overview> {
    return await this.#gatherer.overview(this.#deadline(null));
  }

  async #route(request: MetricsRequest): Promise<CountedAnswer> {
    const { method, url } = request;
    if (method === "OPTIONS") return plain(204, null, { allow: ALLOW });
    if (method !== "GET" && method !== "HEAD") {
      return plain(405, "Method Not Allowed", { allow: ALLOW });
    }
    const search = URL.parse(url, "http://localhost")?.search;
    if (search === undefined) return plain(400, "Bad Request: no URL");
    const query = search === "" ? { names: [] } : parseNames(search);
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
      if (!this.#over?.aborted) this.#reports.report("serve metrics", error);
      return plain(500, reasonOf(error));
    } finally {
      this.#inFlight--;
    }
  }

  async #scrape(
    request: MetricsRequest,
    names: readonly string[],
  ): Promise<CountedAnswer> {
    const { headers, method } = request;
    const format = negotiateFormat(headers.get("accept"));
    const { failures, ...gathered } = await this.#gather(
      names,
      this.#deadline(headers.get("x-prometheus-scrape-timeout-seconds")),
      format,
    );
    if (this.#settings.failOnError && failures.length > 0) {
      const refusal = plain(500, failures.map(reasonOf).join("\n"));
      return { ...refusal, failures };
    }
    const { body, encoding } = await makeBody(
      gathered,
      format,
      this.#settings.compress ? negotiateEncoding(request) : undefined,
      this.#over,
    );
    const isHead = method === "HEAD";
    const answer: Answer = {
      status: 200,
      headers: {
        "content-type": format.contentType,
        "content-length": String(body.byteLength),
        "vary": "Accept, Accept-Encoding",
        ...encoding && { "content-encoding": encoding },
      },
      body: isHead ? null : body,
    };
    return {
      answer,
      format: nameOf(format),
      bytes: isHead ? undefined : body.byteLength,
      failures,
    };
  }

  /** Gathers the application's metrics, and then those about that. */
  async #gather(
    names: readonly string[],
    deadline: Deadline,
    format: Format,
  ): Promise<WrittenFamilies & { failures: CollectorError[] }> {
    const { coalesce, isDefaultRegistry } = this.#settings;
    const maxAge = this.coalesces ? coalesce : 0;
    const gathering = await this.#gatherer.gather({ names, deadline, maxAge });
    this.#over?.throwIfAborted();
    // A scrape of some names is followed by one of all.
    const isWhole = names.length === 0;
    const { escaping } = format;
    const merged = new MergedFamilies(
      escaping,
      isWhole ? this.#last.get(escaping) : undefined,
    );
    const conflicts = await merged.add(gathering.families, isDefaultRegistry);
    const failures = [...gathering.failures, ...conflicts];
    for (const failure of failures) this.#reports.failed(failure);
    this.#default?.look(merged, names);
    this.#reports.gathered(gathering, this.#inFlight, nameOf(format));
    if (this.#own.metrics.length > 0) {
      const own = await gather([this.#own], { names, deadline });
      for (const failure of await merged.add(own.families)) {
        failures.push(failure);
        this.#reports.failed(failure);
      }
    }
    const composition = isWhole ? merged.compose() : undefined;
    if (isWhole) this.#last.set(escaping, composition);
    return { families: merged.families, composition, failures };
  }

  #deadline(header: string | null): Deadline {
    const ms = scrapeTimeout(header, this.#settings.timeout);
    return new Deadline(ms, this.#over);
  }
}

/** The name of a format, as the package's own metrics tell it. */
function nameOf({ syntax, version }: Format): string {
  return `${syntax.name} ${version}`;
}

function plain(
  status: number,
  text: string | null,
  headers: Record<string, string> = {},
): CountedAnswer {
  return { answer: plainAnswer(status, text, headers) };
}
