/** The package's own variables of the environment. */

import process from "node:process";
import { isGranted } from "./permissions.ts";

/** A variable of the package; `undefined` if it is empty, or not to be read. */
export function variable(name: string): string | undefined {
  const variable = fullName(name);
  if (!isGranted({ name: "env", variable })) return undefined;
  return process.env[variable] || undefined;
}

/** Sets a variable of the package for the children of this process. */
export function setVariable(name: string, value: string): void {
  const variable = fullName(name);
  if (isGranted({ name: "env", variable })) process.env[variable] = value;
}

export function fullName(name: string): string {
  return `PROMETHEUS_ASYNC_${name}`;
}
