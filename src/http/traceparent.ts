/**
 * Version, trace, parent and flags; later versions may have more.
 *
 * @see {@link https://www.w3.org/TR/trace-context/#traceparent-header}
 */
const TRACEPARENT =
  /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** The flag of a trace that somebody keeps. */
const SAMPLED = 1;

/**
 * Reads the id of the trace that a request belongs to.
 *
 * @returns `undefined` if it belongs to none, or to one that nobody keeps.
 */
export function sampledTrace(headers: Headers): string | undefined {
  const header = headers.get("traceparent");
  const parts = header === null ? null : TRACEPARENT.exec(header);
  if (parts === null) return undefined;
  const [, version, trace, parent, flags, more] = parts;
  const isValid = version !== "ff" &&
    (version !== "00" || more === undefined) &&
    /[^0]/.test(trace) && /[^0]/.test(parent);
  return isValid && (parseInt(flags, 16) & SAMPLED) !== 0 ? trace : undefined;
}
