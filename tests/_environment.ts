/** The environment of the tests. */
import process from "node:process";

/** Runs `fn` with variables in the environment, which is put back then. */
export function withEnvironment<T>(
  variables: Readonly<Record<string, string>>,
  fn: () => T,
): T {
  const before = { ...process.env };
  Object.assign(process.env, variables);
  try {
    return fn();
  } finally {
    for (const name of Object.keys(variables)) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  }
}
