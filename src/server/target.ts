/** The targets of requests, and the hosts that they name. */

import type { MetricsRequest } from "../answer.ts";
import { hostInUrl } from "../base/address.ts";
import { type Given, refusal } from "../base/checks.ts";

/** The target of a request. */
export interface Target {
  /** The path as it was sent, as far as the runtime shows that. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** The hosts that the request names, without ports and in lower case. */
  readonly hosts: readonly string[];
}

/** A target in origin or absolute form (RFC 9112, 3.2), or the URL made of it. */
const TARGET =
  /^(?:(https?):\/\/([^/?#\\]*)|[a-z][\w+.-]*:\/\/[^/?#\\]*)?(.*)$/is;

/** A host, perhaps with a port (RFC 9110, 7.2). */
const HOST = /^(\[[\da-f:.]+\]|[\w.~!$&'()*+,;=%-]*)(?::\d*)?$/i;

/**
 * Parses the target of a request; `undefined` if a host in it is malformed.
 *
 * `URL` would follow `..` and its encoded forms, by which a path that a proxy
 * allows would lead to another one. `Deno.serve` joins the Host header and the
 * target, so a header such as `x/metrics?` would replace the path.
 */
export function parseTarget(
  { url, headers }: MetricsRequest,
): Target | undefined {
  const [, , authority, rest] = TARGET.exec(url)!;
  const named = [headers.get("host") ?? authority ?? "", authority]
    .filter((each) => each !== undefined)
    .map((each) => HOST.exec(each)?.[1].toLowerCase());
  if (!named.every((each) => each !== undefined)) return undefined;
  const [path] = rest.split("?", 1);
  const query = new URLSearchParams(rest.slice(path.length));
  return { path: path || "/", query, hosts: named };
}

/** Parses the hosts that a server serves. */
export function parseHosts(given: Given): readonly string[] {
  const requirement = "must be host names and IP addresses, without ports";
  const { value } = given;
  if (!Array.isArray(value) || value.length === 0) {
    throw refusal(TypeError, given, `${requirement}, in an array`);
  }
  return value.map((each: unknown) => {
    const host = typeof each === "string" ? hostInUrl(each) : "";
    const url = URL.parse(`http://${host}`);
    if (url !== null && HOST.exec(host)?.[1] === host) return url.hostname;
    throw refusal(RangeError, { ...given, value: each }, requirement);
  });
}
