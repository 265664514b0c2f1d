import type { EscapingScheme } from "../families/escape.ts";

/** An exposition format, as a scrape has negotiated it. */
export interface Format {
  /** The family of formats, which decides about nearly everything. */
  readonly syntax: "text" | "openmetrics";
  /** The version of the format. */
  readonly version: "0.0.4" | "1.0.0" | "0.0.1";
  /** How names are written that hold other than the old characters. */
  readonly escaping: EscapingScheme;
  /** The Content-Type. */
  readonly contentType: string;
}

/** What every Prometheus reads, and people do. */
export const TEXT_0_0_4: Format = {
  syntax: "text",
  version: "0.0.4",
  escaping: "underscores",
  contentType: "text/plain; version=0.0.4; charset=utf-8",
};

/** The text format of Prometheus 3, in which names may hold any character. */
export const TEXT_1_0_0: Format = {
  syntax: "text",
  version: "1.0.0",
  escaping: "underscores",
  contentType: "text/plain; version=1.0.0; charset=utf-8; escaping=underscores",
};

/** OpenMetrics, with exemplars and units. */
export const OPENMETRICS_1_0_0: Format = {
  syntax: "openmetrics",
  version: "1.0.0",
  escaping: "underscores",
  contentType: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/** OpenMetrics as Prometheus before 2.42 asked for it. */
export const OPENMETRICS_0_0_1: Format = {
  syntax: "openmetrics",
  version: "0.0.1",
  escaping: "underscores",
  contentType: "application/openmetrics-text; version=0.0.1; charset=utf-8",
};

/** Gives a format of version 1.0.0 the escaping scheme that was asked for. */
export function withEscaping(format: Format, escaping: EscapingScheme): Format {
  const base = format.contentType.replace(/; escaping=.*$/, "");
  return { ...format, escaping, contentType: `${base}; escaping=${escaping}` };
}
