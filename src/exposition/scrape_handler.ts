import {
  type Answer,
  type MetricsRequest,
  requireRequest,
  toResponse,
} from "../answer.ts";
import { reasonOf } from "../base/describe.ts";
import type { CollectorError } from "../errors.ts";
import type { EscapingScheme } from "../families/escaping.ts";
import { type Composition, MergedFamilies } from "../families/merge.ts";
import { negotiateFormat } from "../formats/format.ts";
import { gather } from "../gather/gather.ts";
import type { Gatherer, Overview } from "../gather/gather.ts";
import type { OwnRegistry } from "../metrics/own_registry.ts";
import { requireVersion } from "../runtime/host.ts";
import { Deadline } from "../runtime/wait.ts";
import { makeBody, negotiateEncoding, type WrittenFamilies } from "./body.ts";
import {
  type CountedAnswer,
  nameOf,
  plain,
  writtenAnswer,
} from "./counted_answer.ts";
import type { MetricsHandlerSettings } from "./handler_options.ts";
import type { InFlight } from "./in_flight.ts";
import { RateLimit } from "./rate_limit.ts";
import { parseNames, scrapeTimeout } from "./scrape_request.ts";
import {
  type AnswerRecord,
  DefaultNotices,
  ScrapeReports,
} from "./scrape_reports.ts";
import {
  type MadeAnswer,
  SharedAnswers,
  type WantedAnswer,
} from "./shared_answers.ts";

const ALLOW = "GET, HEAD, OPTIONS";

/** How many scrapes may be under way, those that wait for collectors included. */
const MAX_UNDER_WAY = 1000;

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
  readonly #inFlight: InFlight;
  readonly #rate: RateLimit | undefined;
  readonly #shared = new SharedAnswers();
  /** For how long readings and answers serve further scrapes, in milliseconds. */
  #coalesce: number;
  /** The compositions of the last scrapes, by how they write names. */
  readonly #last = new Map<EscapingScheme, Composition | undefined>();

  constructor({ settings, gatherer, own, inFlight, onError, over }: {
    readonly settings: MetricsHandlerSettings;
    readonly gatherer: Gatherer;
    /** The package's own metrics, which are served with the others. */
    readonly own: OwnRegistry;
    readonly inFlight: InFlight;
    readonly onError: ((error: unknown) => void) | undefined;
    /** Ends scrapes that nobody waits for any more. */
    readonly over?: AbortSignal;
  }) {
    this.#over = over;
    this.#settings = settings;
    this.#gatherer = gatherer;
    this.#own = own;
    this.#inFlight = inFlight;
    this.#coalesce = settings.coalesce;
    this.#reports = new ScrapeReports(own, settings.ownMetrics, onError);
    if (settings.maxRate !== undefined) {
      this.#rate = new RateLimit(settings.maxRate);
    }
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

  /** Lets the scrapes to come share nothing that was begun before, or is kept. */
  startAfresh(): void {
    this.#coalesce = 0;
    this.#shared.clear();
  }

  async #route(request: MetricsRequest): Promise<CountedAnswer> {
    const { method, url, headers } = request;
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
    const seconds = this.#rate?.take() ?? 0;
    if (seconds > 0) {
      const later = { "retry-after": String(seconds) };
      return plain(429, "Too Many Requests: more than maxRate", later);
    }
    const header = headers.get("x-prometheus-scrape-timeout-seconds");
    const wanted = {
      format: negotiateFormat(headers.get("accept")),
      compression: this.#settings.compress
        ? negotiateEncoding(request)
        : undefined,
      names: query.names,
      deadline: this.#deadline(header),
    };
    try {
      const made = await this.#madeFor(wanted);
      if (made !== undefined) return writtenAnswer(wanted, made, method);
      // Scrapes take less than a second.
      return plain(503, "Too many scrapes at once", { "retry-after": "1" });
    } catch (error) {
      if (!this.#over?.aborted) this.#reports.report("serve metrics", error);
      return plain(500, reasonOf(error));
    }
  }

  /** Yields an answer's bytes, unless there is no place for writing them. */
  async #madeFor(wanted: WantedAnswer): Promise<MadeAnswer | undefined> {
    const shared = this.#shared.find(wanted, this.#coalesce);
    if (shared !== undefined) return await shared;
    if (this.#shared.underWay === MAX_UNDER_WAY) return undefined;
    const made = this.#make(wanted);
    this.#shared.add(wanted, made, this.#coalesce);
    return await made;
  }

  async #make(wanted: WantedAnswer): Promise<MadeAnswer | undefined> {
    const { failures, ...gathered } = await this.#gather(wanted);
    if (this.#settings.failOnError && failures.length > 0) return { failures };
    const hasPlace = this.#inFlight.enter() ||
      await this.#inFlight.entered(wanted.deadline, this.#over);
    if (!hasPlace) return undefined;
    try {
      const { format, compression } = wanted;
      const made = await makeBody(gathered, format, compression, this.#over);
      return { ...made, failures };
    } finally {
      this.#inFlight.leave();
    }
  }

  /** Gathers the application's metrics, and then those about that. */
  async #gather(
    { names, deadline, format }: WantedAnswer,
  ): Promise<WrittenFamilies & { failures: CollectorError[] }> {
    const { isDefaultRegistry } = this.#settings;
    const maxAge = this.#coalesce;
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
    this.#reports.gathered(
      gathering,
      this.#inFlight.size + 1,
      nameOf(format),
    );
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
