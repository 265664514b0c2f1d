import { describe } from "../describe.ts";

/** Where the agent is. */
export interface AgentAddress {
  /** As people know it. */
  readonly name: string;
  /** What paths are relative to. */
  readonly root: string;
  /** The file of its socket, if it has one. */
  readonly unix?: string;
}

/**
 * Reads an agent's address.
 *
 * @throws {RangeError} If it is none; without what may be secret in it.
 */
export function readAddress(action: string, address: string): AgentAddress {
  if (address.startsWith("unix:")) {
    const unix = address.replace(/^unix:(\/\/)?/, "");
    if (unix.startsWith("/")) {
      return { name: address, root: "http://localhost/", unix };
    }
  }
  if (address.includes("@")) {
    // What comes before it may be secret, and must not be in the message.
    throw new RangeError(
      `Cannot ${action}: address must be without user and password, received ` +
        "one with an @",
    );
  }
  const hasScheme = /^[a-z][a-z\d+.-]*:\//i.test(address);
  const url = URL.parse(hasScheme ? address : `http://${address}`);
  const isGood = url !== null && /^https?:$/.test(url.protocol) &&
    url.search === "" && url.hash === "";
  if (!isGood) {
    throw new RangeError(
      `Cannot ${action}: address must be an http:, https: or unix: URL without ` +
        `a query, received ${describe(address.replace(/[?#].*/s, "…"))}`,
    );
  }
  const root = url.href.endsWith("/") ? url.href : `${url.href}/`;
  return { name: url.pathname === "/" ? url.origin : url.href, root };
}
