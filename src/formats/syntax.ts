import type { EscapingScheme } from "../families/escaping.ts";
import type { MetricFamily, MetricType } from "../types.ts";
import { numberText } from "./byte_writer.ts";

/** A family as a format names it. */
export interface WrittenFamily extends MetricFamily {
  /** The name in HELP and TYPE, where that is not the family's. */
  readonly familyName?: string;
  /** Its unit, for the formats that tell it. */
  readonly unit?: string;
}

/** The rules of one exposition format, whatever its version and escaping. */
export interface Syntax {
  readonly name: "text" | "openmetrics";
  readonly mediaType: string;
  readonly hasExemplars: boolean;
  readonly escapesHelpQuotes: boolean;
  /** The text after all families. */
  readonly end: string;
  /** Tells whether the format can say the values of a family of its type. */
  isExpressible(family: MetricFamily): boolean;
  /**
   * Makes families what the format can say.
   *
   * @param expressible Of each whether the format can say its values.
   */
  prepare(
    families: readonly MetricFamily[],
    expressible: readonly boolean[],
    escaping: EscapingScheme,
  ): readonly WrittenFamily[] | Promise<readonly WrittenFamily[]>;
  /** The words for types, where they are not the types themselves. */
  readonly words?: { readonly [Type in MetricType]?: string };
  /** Spells the time of a value, of milliseconds since the Unix epoch. */
  timeText(time: number): string;
  /** Spells the bounds of buckets, or quantiles, which are finite. */
  boundTexts(bounds: readonly number[]): string[];
}

/**
 * The Prometheus text format, which can say everything.
 *
 * @see {@link https://prometheus.io/docs/instrumenting/exposition_formats/}
 */
export const TEXT: Syntax = {
  name: "text",
  mediaType: "text/plain",
  hasExemplars: false,
  escapesHelpQuotes: false,
  end: "",
  isExpressible: () => true,
  prepare: (families) => families,
  words: { unknown: "untyped", info: "untyped", stateset: "untyped" },
  timeText: (time) => String(Math.trunc(time)),
  boundTexts: (bounds) => bounds.map(numberText),
};
