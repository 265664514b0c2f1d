import type { Answer, MetricsRequest } from "../answer.ts";
import type {
  AnsweredScrape,
  ScrapeHandler,
} from "../exposition/scrape_handler.ts";
import type { AnswerRecord } from "../exposition/scrape_reports.ts";
import { FORMATS } from "../formats/format.ts";
import type { ListedMetric, Overview } from "../gather/gather.ts";
import { messageOf, visible } from "../base/describe.ts";
import { loadRuntime } from "../runtime/detect.ts";
import { VERSION } from "../version.ts";
import type { ServerSettings } from "./server_options.ts";

/** The `Accept` headers that ask for each format, by the names of its links. */
export const ACCEPTS: Readonly<Record<string, string>> = Object.fromEntries(
  FORMATS.map(({ syntax: { name, mediaType }, version }) => [
    `${name}-${version}`,
    `${mediaType}; version=${version}; escaping=allow-utf-8`,
  ]),
);

/** The most families that are listed. */
const LISTED = 500;

/** The number of scrapes that are shown. */
const KEPT = 10;

/** An answered scrape, as the page shows it. */
export interface LoggedScrape extends AnswerRecord {
  /** When it was answered. */
  readonly at: Date;
  readonly userAgent: string;
  /** The client's address, if it has one. */
  readonly remoteAddress: string | undefined;
  /** The names of the metrics that could not be gathered. */
  readonly failed: readonly string[];
}

/** Puts a scrape in front of the last ones. */
export function logScrape(
  latest: LoggedScrape[],
  { headers }: MetricsRequest,
  remoteAddress: string | undefined,
  { record, failures }: AnsweredScrape,
): void {
  latest.unshift({
    ...record,
    at: new Date(),
    userAgent: headers.get("user-agent") ?? "unknown",
    remoteAddress,
    failed: [...new Set(failures.map(({ collector }) => collector))],
  });
  latest.length = Math.min(latest.length, KEPT);
}

const HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
};

/** Answers with a page for people: the served families, and the last scrapes. */
export async function landingPage(
  settings: ServerSettings,
  scrapeHandler: ScrapeHandler,
  scrapes: readonly LoggedScrape[],
  troubles: number,
): Promise<Answer> {
  const { path } = settings;
  const { name, version } = await loadRuntime();
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Metrics</title>
<style>${STYLE}</style>
</head>
<body>
<h1>Metrics</h1>
<p>prometheus-async ${VERSION} on ${escapeHtml(`${name} ${version}`)}</p>
<p><a href="${escapeHtml(path)}">Metrics</a> as text, or as they are served in
${
    Object.keys(ACCEPTS)
      .map((name) => `<a href="${escapeHtml(path)}?format=${name}">${name}</a>`)
      .join(", ")
  }</p>
${openTo(settings)}${troublesOf(troubles)}<h2>Families</h2>
${await familiesOf(settings, scrapeHandler)}
<h2>Last scrapes</h2>
${scrapesOf(scrapes)}
</body>
</html>
`;
  return { status: 200, headers: HEADERS, body: html };
}

/** Tells that anyone may read this. */
function openTo({ auth, tls }: ServerSettings): string {
  if (auth !== undefined || tls?.clientCa !== undefined) return "";
  return `<p>Without authentication: whoever reaches this address reads it</p>
`;
}

/** Tells that scrapes were not answered for a while. */
function troublesOf(count: number): string {
  if (count === 0) return "";
  return `<p class="bad">The server's thread has hung, or ended by itself,
${count === 1 ? "once" : `${count} times`} since the start</p>
`;
}

async function familiesOf(
  { path, handler: { isDefaultRegistry } }: ServerSettings,
  scrapeHandler: ScrapeHandler,
): Promise<string> {
  let found: Overview;
  try {
    found = await scrapeHandler.overview();
  } catch (error) {
    return `<p class="bad">The registry has failed: ${
      escapeHtml(messageOf(error))
    }</p>`;
  }
  const { metrics, clients } = found;
  const whose = isDefaultRegistry
    ? "the global registries of the clients that the application has loaded"
    : "a registry of the application";
  if (metrics.length === 0) {
    return `<p class="bad">There are none in ${whose}.${
      isDefaultRegistry
        ? " If it has metrics, they are in a registry of its own, or in a" +
          " client that is not seen, such as an ES module: pass" +
          " <code>registry</code> to the server."
        : ""
    }</p>`;
  }
  const made = clients.length > 0 ? `, made by ${clients.join(" and ")}` : "";
  const rest = metrics.length > LISTED
    ? `<p>And ${metrics.length - LISTED} more.</p>`
    : "";
  return `<p>${metrics.length} in ${whose}${made}</p>
${notLiveOf(metrics)}<details><summary>Show them</summary>
<table>
<tr><th>Name</th><th>Type</th><th>Help</th></tr>
${metrics.slice(0, LISTED).map((metric) => familyRow(path, metric)).join("\n")}
</table>
${rest}</details>`;
}

/** Lists the metrics whose values are not live, if others are. */
function notLiveOf(metrics: readonly ListedMetric[]): string {
  const notLive = metrics.filter(({ notLive }) => notLive !== undefined);
  if (notLive.length === 0) return "";
  return `<details><summary>${notLive.length} not live: they are read while the
main thread answers</summary>
<table>
<tr><th>Name</th><th>Why</th></tr>
${
    notLive.slice(0, LISTED).map(({ name, notLive }) =>
      `<tr><td>${escapeHtml(name)}</td><td>${escapeHtml(notLive)}</td></tr>`
    ).join("\n")
  }
</table></details>
`;
}

function familyRow(path: string, { name, type, help }: ListedMetric): string {
  const href = `${path}?name[]=${encodeURIComponent(name.toWellFormed())}`;
  return `<tr><td><a href="${escapeHtml(href)}">${escapeHtml(name)}</a></td>` +
    `<td>${escapeHtml(type)}</td><td>${escapeHtml(help)}</td></tr>`;
}

function scrapesOf(latest: readonly LoggedScrape[]): string {
  if (latest.length === 0) return "<p>None yet.</p>";
  return `<table>
<tr><th>When</th><th>By</th><th>From</th><th>Status</th><th>Format</th>
<th>Duration</th><th>Size</th><th>Failed collectors</th></tr>
${latest.map(scrapeRow).join("\n")}
</table>`;
}

function scrapeRow(scrape: LoggedScrape): string {
  const { at, userAgent, remoteAddress, code, format, seconds, bytes, failed } =
    scrape;
  const cells: (readonly [string, string?])[] = [
    [at.toISOString().replace("T", " ").replace(/\..*/, " UTC")],
    [userAgent],
    [remoteAddress ?? ""],
    [String(code), code < 400 ? undefined : "bad"],
    [format ?? ""],
    [`${(seconds * 1000).toFixed(1)} ms`, "number"],
    [bytes === undefined ? "" : `${bytes} B`, "number"],
    [failed.join(", "), failed.length > 0 ? "bad" : undefined],
  ];
  return `<tr>${
    cells.map(([text, kind]) =>
      `<td${kind === undefined ? "" : ` class="${kind}"`}>${
        escapeHtml(text)
      }</td>`
    ).join("")
  }</tr>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escapeHtml(value: unknown): string {
  return visible(String(value)).replace(/[&<>"']/g, (char) => ENTITIES[char]);
}

const STYLE = `
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
h1, h2 { font-weight: 600; line-height: 1.2; }
h2 { font-size: 1.2rem; margin-top: 2rem; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); padding: .25rem .75rem .25rem 0; text-align: left; vertical-align: top; }
td { overflow-wrap: anywhere; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.bad { color: light-dark(#b00020, #ff8a80); }
`;
