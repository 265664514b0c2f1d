import type { EscapingScheme } from "../families/text.ts";
import { OPENMETRICS } from "./openmetrics.ts";
import type { Syntax } from "./syntax.ts";
import { TEXT } from "./text.ts";

/** An exposition format, as a scrape has negotiated it. */
export interface Format {
  /** The rules by which families are written. */
  readonly syntax: Syntax;
  /** The version of the format. */
  readonly version: "0.0.4" | "1.0.0" | "0.0.1";
  /** How names are written that hold other than the old characters. */
  readonly escaping: EscapingScheme;
  /** The Content-Type. */
  readonly contentType: string;
}

/** The format that every Prometheus reads, and people do. */
export const TEXT_0_0_4: Format = makeFormat(TEXT, "0.0.4");

/** The text format of Prometheus 3, in which names may hold any character. */
export const TEXT_1_0_0: Format = withEscaping(
  makeFormat(TEXT, "1.0.0"),
  "underscores",
);

/** OpenMetrics, with exemplars and units. */
export const OPENMETRICS_1_0_0: Format = makeFormat(OPENMETRICS, "1.0.0");

/** OpenMetrics as Prometheus before 2.42 asked for it. */
export const OPENMETRICS_0_0_1: Format = makeFormat(OPENMETRICS, "0.0.1");

/** Makes a format that says nothing of how it escapes names. */
function makeFormat(syntax: Syntax, version: Format["version"]): Format {
  const contentType = `${syntax.mediaType}; version=${version}; charset=utf-8`;
  return { syntax, version, escaping: "underscores", contentType };
}

/** Gives a format of version 1.0.0 the escaping scheme that was asked for. */
export function withEscaping(format: Format, escaping: EscapingScheme): Format {
  const base = format.contentType.replace(/; escaping=.*$/, "");
  return { ...format, escaping, contentType: `${base}; escaping=${escaping}` };
}
