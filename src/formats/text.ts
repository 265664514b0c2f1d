import { numberText } from "./byte_writer.ts";
import type { Syntax } from "./syntax.ts";

/**
 * The Prometheus text format.
 *
 * @see {@link https://prometheus.io/docs/instrumenting/exposition_formats/}
 */
export const TEXT: Syntax = {
  name: "text",
  mediaType: "text/plain",
  hasExemplars: false,
  escapesHelpQuotes: false,
  end: "",
  prepare: (families) => families,
  unknown: "untyped",
  boundTexts: (bounds) => bounds.map(numberText),
};
