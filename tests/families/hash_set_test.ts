import { HashSet } from "../../src/families/hash_set.ts";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "../_suite.ts";

test("HashSet knows the texts that came and did not go", () => {
  const step = fc.record({
    text: fc.nat(300).map((n) => `a="${n}"`),
    isAdded: fc.boolean(),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
    const hashes = new HashSet();
    const texts = new Set<string>();
    for (const { text, isAdded } of steps) {
      // Two of so few texts have the same hash once in 100 000 runs.
      if (isAdded) assertEquals(hashes.add(text), !texts.has(text));
      else if (texts.has(text)) hashes.delete(text);
      if (isAdded) texts.add(text);
      else texts.delete(text);
    }
    for (const text of texts) assert(!hashes.add(text), text);
  }));
});

test("HashSet takes many texts, and tells nearly all of them apart", () => {
  const hashes = new HashSet();
  let repeated = 0;
  for (let n = 0; n < 100_000; n++) {
    if (!hashes.add(`method="GET",path="/items/${n}"`)) repeated++;
  }
  assert(repeated < 20, `${repeated}`);
  for (let n = 0; n < 100_000; n += 2) {
    hashes.delete(`method="GET",path="/items/${n}"`);
  }
  assert(!hashes.add('method="GET",path="/items/1"'));
  assert(hashes.add('method="GET",path="/items/0"'));
});
