/** The profile for a public port, as docs/security.md has it, to the letter. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { StartHttpServerOptions } from "../src/server/mod.ts";
import { ROOT } from "../tools/files.ts";

const page = await readFile(join(ROOT, "docs/security.md"), "utf8");
const [, literal] = /^const publicPort = (\{[^]*?^\});$/m.exec(page)!;

/** The options. */
export const PUBLIC_PORT: StartHttpServerOptions = Function(
  `return ${literal}`,
)();
