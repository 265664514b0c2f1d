import type { MetricFamily } from "../types.ts";

/** A family as a format names it. */
export interface WrittenFamily extends MetricFamily {
  /** The name in HELP and TYPE, where that is not the family's. */
  readonly familyName?: string;
  /** Its unit, for the formats that tell it. */
  readonly unit?: string;
}

/** The rules of one exposition format, whatever its version and escaping. */
export interface Syntax {
  /** The name of the format, in labels. */
  readonly name: "text" | "openmetrics";
  /** The type and subtype of the Content-Type. */
  readonly mediaType: string;
  /** Whether samples may have exemplars. */
  readonly hasExemplars: boolean;
  /** Whether quotes in help texts are escaped. */
  readonly escapesHelpQuotes: boolean;
  /** The text after all families. */
  readonly end: string;
  /** Makes families what the format can say. */
  prepare(
    families: readonly MetricFamily[],
  ): readonly WrittenFamily[] | Promise<readonly WrittenFamily[]>;
  /** The word for a metric whose type is not known. */
  readonly unknown: string;
  /** Spells the bounds of buckets, or quantiles, which are finite. */
  boundTexts(bounds: readonly number[]): string[];
}
