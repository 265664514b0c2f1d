import { negotiateFormat } from "../../src/formats/format.ts";
import { assertEquals } from "@std/assert";
import { test } from "../_suite.ts";

const TEXT = "text/plain; version=0.0.4; charset=utf-8";
const OPENMETRICS =
  "application/openmetrics-text; version=1.0.0; charset=utf-8";
const OPENMETRICS_0 =
  "application/openmetrics-text; version=0.0.1; charset=utf-8";
const TEXT_1 = "text/plain; version=1.0.0; charset=utf-8";

/** The headers of scrapers. */
const SCRAPERS: Record<string, [accept: string, contentType: string]> = {
  "Prometheus 2.24": [
    "application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    OPENMETRICS_0,
  ],
  "Prometheus 2.42": [
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    OPENMETRICS,
  ],
  "Prometheus 2.53": [
    "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
    OPENMETRICS,
  ],
  "Prometheus 3.5": [
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
    `${OPENMETRICS}; escaping=allow-utf-8`,
  ],
  "Prometheus 3.5 with native histograms": [
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
    `${OPENMETRICS}; escaping=allow-utf-8`,
  ],
  "Prometheus 3.5 told to ask for text": [
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.4",
    `${TEXT_1}; escaping=allow-utf-8`,
  ],
  "Prometheus 3.5 with legacy names": [
    "application/openmetrics-text;version=1.0.0;escaping=underscores;q=0.6,*/*;q=0.2",
    `${OPENMETRICS}; escaping=underscores`,
  ],
  "curl": ["*/*", TEXT],
  "a browser": [
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
    TEXT,
  ],
};

for (const [scraper, [accept, contentType]] of Object.entries(SCRAPERS)) {
  test(`negotiateFormat() gives ${scraper} what it asks for`, () => {
    assertEquals(negotiateFormat(accept).contentType, contentType);
  });
}

test("negotiateFormat() follows RFC 9110 and reads what it can", () => {
  const cases: [accept: string | null, contentType: string][] = [
    // Nothing, or nothing in particular.
    [null, TEXT],
    ["", TEXT],
    [" , ,", TEXT],
    ["*/*;q=0.1", TEXT],
    ["text/*", TEXT],
    ["application/*", OPENMETRICS],
    // Without a version.
    ["text/plain", TEXT],
    ["application/openmetrics-text", OPENMETRICS],
    // Versions there are not.
    ["text/plain;version=0.0.3", TEXT],
    ["application/openmetrics-text;version=2.0.0", TEXT],
    [
      "application/openmetrics-text;version=2.0.0, text/plain;version=1.0.0",
      `${TEXT_1}; escaping=underscores`,
    ],
    // Qualities.
    ["application/openmetrics-text;q=0.2, text/plain;q=0.3", TEXT],
    ["text/plain;q=0.2, application/openmetrics-text;q=0.21", OPENMETRICS],
    ["text/plain;version=0.0.4;q=0.001, */*;q=0", TEXT],
    // A refused format is not sent while another one is left.
    ["text/plain;q=0, application/openmetrics-text;q=0.1", OPENMETRICS],
    ["application/openmetrics-text;q=0, */*", TEXT],
    [
      "text/plain;version=0.0.4;q=0, text/plain",
      `${TEXT_1}; escaping=underscores`,
    ],
    ["*/*;q=0", TEXT],
    ["text/plain;q=0", TEXT],
    // Among equals the one that is named, then the first.
    ["*/*, application/openmetrics-text;version=1.0.0", OPENMETRICS],
    ["text/*, application/openmetrics-text;version=0.0.1", OPENMETRICS_0],
    ["application/openmetrics-text, text/plain", OPENMETRICS],
    ["text/plain, application/openmetrics-text", TEXT],
    [
      "text/plain;version=1.0.0, text/plain;version=0.0.4",
      `${TEXT_1}; escaping=underscores`,
    ],
    // The most specific range speaks for a format.
    [
      "text/plain;version=0.0.4;q=0.1, text/plain;q=0.9, application/openmetrics-text;q=0.5",
      `${TEXT_1}; escaping=underscores`,
    ],
    // Case, white space, quotes.
    [
      "APPLICATION/OpenMetrics-Text; VERSION=1.0.0; Q=0.9, */*;q=0.1",
      OPENMETRICS,
    ],
    [
      "  application/openmetrics-text ;\tversion = 1.0.0 ; q=1.000 ",
      OPENMETRICS,
    ],
    ['application/openmetrics-text; version="1.0.0"', OPENMETRICS],
    ['text/html;x="a,b;c", application/openmetrics-text', OPENMETRICS],
    // Escaping schemes.
    ["text/plain;version=1.0.0;escaping=dots", `${TEXT_1}; escaping=dots`],
    ["text/plain;version=1.0.0;escaping=values", `${TEXT_1}; escaping=values`],
    ["application/openmetrics-text;version=1.0.0;escaping=emoji", OPENMETRICS],
    ["text/plain;version=0.0.4;escaping=allow-utf-8", TEXT],
    // Garbage asks for nothing.
    ["garbage", TEXT],
    ["/", TEXT],
    [";;;===,,,", TEXT],
    ['"', TEXT],
    [
      "application/openmetrics-text;version=1.0.0;escaping=dots;q=0.2, application/openmetrics-text;version=1.0.0;escaping=values;q=0.9",
      `${OPENMETRICS}; escaping=values`,
    ],
    ["application/openmetrics-text;q=0.66666", OPENMETRICS],
    ["application/openmetrics-text;q=2", TEXT],
    ["application/openmetrics-text;q=-1", TEXT],
    ["application/openmetrics-text;q=high", TEXT],
    ["application/openmetrics-text;q=", TEXT],
    ["text/plain/extra, application/openmetrics-text", OPENMETRICS],
  ];
  for (const [accept, contentType] of cases) {
    assertEquals(
      negotiateFormat(accept).contentType,
      contentType,
      `Accept: ${accept}`,
    );
  }
});

test("negotiateFormat() is not slowed down by a hostile header", () => {
  for (
    const accept of [
      ",".repeat(100_000),
      '"'.repeat(100_000),
      `text/plain;${" ".repeat(100_000)}`,
      "a/b;".repeat(20_000),
      `text/plain;${"a=".repeat(50_000)}`,
    ]
  ) {
    const startedAt = performance.now();
    negotiateFormat(accept);
    // It takes milliseconds; quadratic work would take a minute.
    assertEquals(performance.now() - startedAt < 10_000, true);
  }
});
