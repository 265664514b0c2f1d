import { assert, assertEquals } from "@std/assert";
import { SeriesIndex } from "../../src/clients/entries.ts";
import { Cell } from "../../src/memory/cell.ts";
import { test } from "../_suite.ts";

type Labels = Record<string, unknown>;

function entryOf(labels: Labels) {
  const entry = { labels };
  new Cell(entry, new Float64Array(1), 0);
  return entry;
}

function add(index: SeriesIndex, labels: Labels) {
  const entry = entryOf({ ...labels });
  index.add(labels, entry);
  return entry;
}

test("SeriesIndex finds label sets by their values, in any order of names", () => {
  const index = new SeriesIndex(["a", "b"]);
  const entries = new Map<string, object>();
  const labelsOf = (n: number) => ({ a: `a${n % 7}`, b: n });
  for (let n = 0; n < 500; n++) {
    const labels = labelsOf(n);
    const added = entryOf({ ...labels });
    // Making room forgets: what is not found is added once more.
    entries.set(JSON.stringify(labels), added);
    for (const [text, entry] of entries) {
      const each = JSON.parse(text);
      if (index.find(each) === undefined) index.add(each, entry as never);
    }
  }
  for (let n = 0; n < 500; n++) {
    const { a, b } = labelsOf(n);
    const entry = entries.get(JSON.stringify({ a, b }));
    assert(entry === index.find({ a, b }));
    assert(entry === index.find({ b: String(b), a }));
  }
});

test("SeriesIndex finds nothing for labels that it does not know", () => {
  const index = new SeriesIndex(["a", "b"]);
  const entry = add(index, { a: "1", b: "2" });
  assertEquals(index.find({ a: "1", b: "2" }), entry);
  const hidden = Object.defineProperty({ a: "1" }, "b", { value: "2" });
  const unknown: unknown[] = [
    {},
    { a: "1" },
    { a: "1", b: undefined },
    { a: "1", b: "2", c: "3" },
    { a: "1", b: ["2"] },
    { a: "2", b: "1" },
    Object.create({ a: "1", b: "2" }),
    Object.assign(Object.create({ b: "2" }), { a: "1" }),
    hidden,
    null,
    undefined,
    "12",
  ];
  for (const labels of unknown) {
    assertEquals(index.find(labels as Labels), undefined);
    const other = entryOf({ a: "1", b: "2" });
    index.add(labels as Labels, other);
    assert(Cell.key(other) < 0);
  }
  assertEquals(index.find({ a: "1", b: "2" }), entry);
});

test("SeriesIndex forgets what was deleted, and its values", () => {
  const index = new SeriesIndex(["a", "b"]);
  const kept = { a: "kept", b: "1" };
  const keep = add(index, kept);
  for (let n = 0; n < 10_000; n++) {
    const labels = { a: `passing ${n}`, b: `${n}` };
    const entry = add(index, labels);
    assertEquals(index.find(labels), entry);
    index.delete(entry);
    assertEquals(index.find(labels), undefined);
    if (index.find(kept) === undefined) index.add(kept, keep);
  }
  // There is no room for more values than that of a few label sets.
  assert(Cell.key(keep) < 1_000, `${Cell.key(keep)}`);
  index.clear();
  assertEquals(index.find(kept), undefined);
  assert(Cell.key(keep) < 0);
});

test("SeriesIndex leaves alone what has more label sets than numbers", () => {
  const names = Array.from({ length: 30 }, (_, n) => `label_${n}`);
  const labels = Object.fromEntries(names.map((name) => [name, "1"]));
  const index = new SeriesIndex(names);
  add(index, labels);
  assertEquals(index.find(labels), undefined);
});

test("SeriesIndex keeps the label set of a metric without labels", () => {
  const index = new SeriesIndex([]);
  assertEquals(index.unlabelled, undefined);
  const entry = add(index, {});
  assertEquals(index.unlabelled, entry);
  assertEquals(index.find({}), entry);
  assertEquals(index.find({ a: "1" }), undefined);
  assertEquals(new SeriesIndex(["a"]).unlabelled, undefined);
});
