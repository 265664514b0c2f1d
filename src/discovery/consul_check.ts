import { describe } from "../describe.ts";
import { MAX_TIMER_MS, requireObject, requireType } from "../require.ts";
import type { ConsulCheckOptions } from "./consul_options.ts";
import { readDuration } from "./duration.ts";

/** A check; the times are in milliseconds. */
export interface CheckSettings {
  readonly type: "http" | "ttl" | undefined;
  readonly interval: number;
  readonly timeout: number;
  readonly deregisterCriticalServiceAfter: string | undefined;
  readonly tlsSkipVerify: boolean;
}

/** Below that Consul does not go. */
const MIN_INTERVAL_MS = 1000;

/** The names of all options. */
const KNOWN: Readonly<Record<keyof ConsulCheckOptions, true>> = {
  type: true,
  interval: true,
  timeout: true,
  deregisterCriticalServiceAfter: true,
  tlsSkipVerify: true,
};

/** Copies the options of a check, and refuses what they cannot be. */
export function readCheck(
  action: string,
  check: ConsulCheckOptions,
): CheckSettings {
  requireObject(action, "check", check, Object.keys(KNOWN));
  const {
    type,
    interval = "10s",
    timeout = "10s",
    deregisterCriticalServiceAfter,
    tlsSkipVerify = false,
  } = check;
  if (type !== undefined && type !== "http" && type !== "ttl") {
    throw new RangeError(
      `Cannot ${action}: check.type must be "http" or "ttl", received ` +
        describe(type),
    );
  }
  requireType(action, "boolean", { "check.tlsSkipVerify": tlsSkipVerify });
  const read = (name: string, given: unknown, min?: number) =>
    readDuration(action, `check.${name}`, given, min);
  if (deregisterCriticalServiceAfter !== undefined) {
    read("deregisterCriticalServiceAfter", deregisterCriticalServiceAfter);
  }
  return {
    type,
    // A timer waits for it.
    interval: Math.min(
      read("interval", interval, MIN_INTERVAL_MS),
      MAX_TIMER_MS,
    ),
    timeout: read("timeout", timeout),
    deregisterCriticalServiceAfter,
    tlsSkipVerify,
  };
}
