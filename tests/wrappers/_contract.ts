/** The tests that all wrappers pass. */
import { testBrokenMetrics } from "./_broken_metrics.ts";
import { testFunctions } from "./_functions.ts";
import { testOutcomes } from "./_outcomes.ts";
import { testRefusals } from "./_refusals.ts";
import type { WrapperUnderTest } from "./_wrapper.ts";

/** Declares the tests that each wrapper passes. */
export function testWrapper(wrapper: WrapperUnderTest): void {
  testOutcomes(wrapper);
  testFunctions(wrapper);
  testBrokenMetrics(wrapper);
  testRefusals(wrapper);
}
