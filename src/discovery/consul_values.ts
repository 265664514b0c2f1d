/** Parses the values of options for Consul: addresses, durations, ids, lists. */

import { isWildcard } from "../base/address.ts";
import { describe } from "../base/describe.ts";
import {
  type Given,
  refusal,
  requireRecord,
  requireStrings,
  requireType,
  textOf,
} from "../base/checks.ts";

/** Where the agent is. */
export interface AgentAddress {
  /** The address as people know it. */
  readonly name: string;
  /** The URL that paths are relative to. */
  readonly root: string;
  /** The file of its socket, if it has one. */
  readonly unix?: string;
}

/** Parses an agent's address; messages show nothing of it that may be secret. */
export function parseAgentAddress(given: Given): AgentAddress {
  const address = textOf(given);
  if (address.startsWith("unix:")) {
    const unix = address.replace(/^unix:(\/\/)?/, "");
    if (unix.startsWith("/")) {
      return { name: address, root: "http://localhost/", unix };
    }
  }
  if (address.includes("@")) {
    const requirement = "must be without user and password";
    throw refusal(RangeError, given, requirement, "one with an @");
  }
  const hasScheme = /^[a-z][a-z\d+.-]*:\//i.test(address);
  const url = URL.parse(hasScheme ? address : `http://${address}`);
  const isGood = url !== null && /^https?:$/.test(url.protocol) &&
    url.search === "" && url.hash === "";
  if (!isGood) {
    const requirement = "must be an http:, https: or unix: URL without a query";
    const received = describe(address.replace(/[?#].*/s, "…"));
    throw refusal(RangeError, given, requirement, received);
  }
  const root = url.href.endsWith("/") ? url.href : `${url.href}/`;
  return { name: url.pathname === "/" ? url.origin : url.href, root };
}

/** Parses an address to advertise. */
export function parseReachable(given: Given): string {
  const address = textOf(given);
  const host = address.includes(":")
    // URLs have no zones.
    ? `[${address.replace(/%[\w.-]+$/, "")}]`
    : address;
  const url = /[\s/?#@\\]/.test(host) ? null : URL.parse(`http://${host}/`);
  if (url !== null && !isWildcard(address)) return address;
  const requirement =
    "must be an IP address or a host name, without port and " +
    "brackets, that others can reach";
  throw refusal(RangeError, given, requirement);
}

/** The units of a duration, in milliseconds. */
const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  "µs": 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

const PART = /(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)/g;

const WHOLE = new RegExp(`^(?:${PART.source})+$`);

/** The longest duration that Go can hold: 2 ** 63 nanoseconds. */
const MAX_MS = 2 ** 63 / 1e6;

/**
 * Parses a duration as Consul, and all of Go, writes it: `"10s"`, `"1m30s"`.
 *
 * @returns The milliseconds; `NaN` if the text is no duration.
 */
export function parseDuration(text: string): number {
  if (!WHOLE.test(text)) return NaN;
  let ms = 0;
  for (const [, number, unit] of text.matchAll(PART)) {
    ms += Number(number) * UNITS[unit];
  }
  return ms;
}

/** Requires an option to be a duration of `min` milliseconds at least. */
export function requireDuration(given: Given, min = 1): string {
  const text = textOf(given);
  const ms = parseDuration(text);
  if (ms >= min && ms <= MAX_MS) return text;
  const requirement = `must be a duration such as "10s", of ${min} ms at least`;
  throw refusal(RangeError, given, requirement);
}

/** Writes a duration as Consul parses it. */
export function formatDuration(ms: number): string {
  return `${ms}ms`;
}

/**
 * Requires an id that agents find again: they clean up the path that it is part of,
 * even where it is escaped.
 */
export function requireServiceId(given: Given): void {
  const segments = textOf(given).split("/");
  if (!segments.some((segment) => /^\.{0,2}$/.test(segment))) return;
  const requirement = 'must be without "//", "." and ".." between slashes, ' +
    "and without a slash at its ends";
  throw refusal(RangeError, given, requirement);
}

/** Copies a list of strings. */
export function parseTags(given: Given): readonly string[] {
  requireStrings(given);
  return [...given.value as readonly string[]];
}

/** Copies an object of strings. */
export function parseMeta(given: Given): Readonly<Record<string, string>> {
  requireRecord(given);
  const { action, name } = given;
  const meta = given.value as Readonly<Record<string, string>>;
  for (const [key, value] of Object.entries(meta)) {
    requireType({ action, name: `${name}.${key}`, value }, "string");
  }
  return { ...meta };
}
