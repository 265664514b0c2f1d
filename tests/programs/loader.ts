/** A module to run before a program: resolves `app:` in this thread. */
import { registerHooks } from "node:module";

const MODULES: Readonly<Record<string, string>> = {
  "app:entry": "../../src/thread/worker/entry.ts",
  "app:discovery": "../fixtures/thread_discovery.ts",
};

registerHooks({
  resolve(specifier, context, next) {
    const path = MODULES[specifier];
    return path === undefined ? next(specifier, context) : {
      url: new URL(path, import.meta.url).href,
      shortCircuit: true,
    };
  },
});
