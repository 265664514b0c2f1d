import { assertEquals } from "@std/assert";
import {
  formatDuration,
  parseDuration,
} from "../../src/discovery/consul_values.ts";
import { test } from "../_suite.ts";

test("parseDuration() parses durations as Consul writes them", () => {
  const durations: [string, number][] = [
    ["10s", 10_000],
    ["1m30s", 90_000],
    ["1.5h", 5_400_000],
    [".5s", 500],
    ["250ms", 250],
    ["1h2m3s4ms", 3_723_004],
    ["1000us", 1],
    ["1000µs", 1],
    ["1000000ns", 1],
    ["0s", 0],
  ];
  for (const [text, ms] of durations) {
    assertEquals(parseDuration(text), ms, text);
  }
});

test("parseDuration() yields NaN for everything else", () => {
  for (
    const text of [
      "",
      "10",
      "s",
      "10 s",
      "-1s",
      "1s ",
      "1x",
      "1s1",
      ".s",
      "NaN",
    ]
  ) assertEquals(parseDuration(text), NaN, text);
});

test("formatDuration() writes what parseDuration() parses", () => {
  for (const ms of [1, 1500, 3_600_000, 0.25]) {
    assertEquals(parseDuration(formatDuration(ms)), ms);
  }
});
