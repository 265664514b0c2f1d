import { assert, assertEquals, assertThrows } from "@std/assert";
import type { CollectorError } from "../../src/errors.ts";
import { Cell } from "../../src/memory/cell.ts";
import { Directory } from "../../src/memory/records.ts";
import type { RowsHeader } from "../../src/memory/family_header.ts";
import {
  cellOf,
  DIRECTORY,
  integerAt,
  ROW,
  rowOf,
  rowsHeader,
  VERSION,
} from "../../src/memory/layout.ts";
import { Memory } from "../../src/memory/memory.ts";
import { LiveReader } from "../../src/memory/reader.ts";
import { FamilyRecord } from "../../src/memory/records.ts";
import { Segments } from "../../src/memory/segments.ts";
import { Table } from "../../src/memory/table.ts";
import { test } from "../_suite.ts";

function headerOf(name: string) {
  return { name, help: "h", type: "gauge", exemplars: false } as const;
}

/** Makes a table, whose owners are the objects in an array. */
function tableOf(memory: Memory, name: string, owners: object[]): Table {
  const options = { isUnlabelled: false, owners: () => owners };
  return new Table(memory, { header: headerOf(name), ...options });
}

function append(table: Table, owners: object[], n: number): void {
  const owner = {};
  table.append(owner, { n }, [n]);
  owners.push(owner);
}

/** Lists families, and makes a reader of them. */
function readerOf(memory: Memory, families: readonly FamilyRecord[]) {
  const directory = new Directory(memory);
  directory.list(families.map(({ address, identity }) => ({
    family: address,
    identity,
    defaults: "{}",
  })));
  const { chunks } = memory;
  return new LiveReader({ directory: directory.address, chunks });
}

/** The values of all families by name, if the reader can read all of them. */
function valuesOf(reader: LiveReader): Record<string, number[]> {
  const { families, late } = reader.read();
  assertEquals(late, 0);
  return Object.fromEntries(
    families.map(({ name, values }) => [name, Array.from(values)]),
  );
}

function messages(failures: readonly CollectorError[]): string[] {
  return failures.map(({ message }) => message);
}

/** Where the owner of a row finds the time at which it was created. */
function createdOf(owner: object): [cells: Float64Array, at: number] {
  return [Cell.cells(owner), rowOf(Cell.at(owner)) + ROW.created];
}

test("LiveReader() refuses memory whose layout has another version", () => {
  const memory = new Memory();
  const directory = new Directory(memory).address;
  const { chunks } = memory;
  new LiveReader({ directory, chunks });
  const { chunk, word } = memory.at(directory);
  const at = integerAt(word, DIRECTORY.version);
  for (const version of [0, VERSION + 1]) {
    chunk.integers[at] = version;
    assertThrows(
      () => new LiveReader({ directory, chunks }),
      RangeError,
      `must have version ${VERSION}, received ${version}`,
    );
  }
});

test("read() leaves out a family of an unknown kind, and says so", () => {
  const memory = new Memory();
  const owners: object[] = [];
  const before = tableOf(memory, "before", owners);
  append(before, owners, 1);
  const header = { ...rowsHeader(headerOf("other")), kind: "native" };
  const other = new FamilyRecord(memory, header as unknown as RowsHeader);
  const after = tableOf(memory, "after", []);
  append(after, [], 2);
  const reader = readerOf(memory, [before.family, other, after.family]);
  for (const _ of [1, 2]) {
    assertEquals(valuesOf(reader), { before: [1], after: [2] });
    assertEquals(messages(reader.read().failures), [
      'Cannot gather metric "other": it is left out, since its kind must be ' +
      'value, histogram or snapshot, received "native"',
    ]);
  }
  other.setHeader(rowsHeader(headerOf("other")));
  assertEquals(valuesOf(reader), { before: [1], other: [], after: [2] });
  assertEquals(reader.read().failures, []);
});

test("read() skips words of a row that it does not know, by the row's length", () => {
  const memory = new Memory();
  for (const type of ["gauge", "histogram"] as const) {
    const isHistogram = type === "histogram";
    const known = rowsHeader({
      ...headerOf(type),
      type,
      bounds: isHistogram ? [1] : undefined,
    });
    const header = { ...known, words: known.words + 3 };
    const family = new FamilyRecord(memory, header);
    const rows = new Segments(family, header.words, 1);
    const expected: number[] = [];
    for (let n = 0; n < 100; n++) {
      const { chunk: { cells, integers }, word } = rows.place();
      integers[integerAt(word, ROW.state)] = 0;
      integers[integerAt(word, ROW.labels)] = memory.writeText(`{"n":"${n}"}`);
      cells.fill(-1, word + 1, word + header.words);
      // Count, sum, and the observations up to the bound.
      const own = isHistogram ? [n, 2 * n, n] : [n];
      cells.set(own, cellOf(word));
      rows.publish();
      expected.push(...(isHistogram ? [n, n, 2 * n] : own));
    }
    const reader = readerOf(memory, [family]);
    assertEquals(valuesOf(reader), { [type]: expected });
    const [{ series }] = reader.read().families;
    assertEquals(series.map(({ labels }) => Number(labels.n)), [
      ...Array(100).keys(),
    ]);
  }
});

test("a row has a word for its created time, which is not known yet", () => {
  const memory = new Memory();
  const owners: object[] = [];
  const table = tableOf(memory, "g", owners);
  for (let n = 0; n < 10; n++) append(table, owners, n);
  for (const owner of owners) {
    const [cells, at] = createdOf(owner);
    assert(Number.isNaN(cells[at]));
  }
  // State and labels in one word, the created time, and the value.
  assertEquals(rowsHeader(headerOf("g")).words, 3);
});

test("a created time stays when a row is rewritten or moved, and changes no value", () => {
  const memory = new Memory();
  const owners: object[] = [];
  const table = tableOf(memory, "g", owners);
  for (let n = 0; n < 100; n++) append(table, owners, n);
  for (const [n, owner] of owners.entries()) {
    const [cells, at] = createdOf(owner);
    cells[at] = 1e9 + n;
  }
  const reader = readerOf(memory, [table.family]);
  assertEquals(valuesOf(reader), { g: [...Array(100).keys()] });
  table.rewrite(owners[99], [-1]);
  for (const owner of owners.splice(0, 90)) table.remove(owner);
  const moved = Cell.at(owners[0]);
  table.tidy();
  assert(Cell.at(owners[0]) !== moved);
  assertEquals(valuesOf(reader), {
    g: [90, 91, 92, 93, 94, 95, 96, 97, 98, -1],
  });
  const created = owners.map((owner) => {
    const [cells, at] = createdOf(owner);
    return cells[at] - 1e9;
  });
  assertEquals(created, [90, 91, 92, 93, 94, 95, 96, 97, 98, 99]);
});
