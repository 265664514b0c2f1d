import process from "node:process";
import { runtimeName } from "./detect.ts";

/** The part of the options of a worker that Node takes from the process. */
export interface Inherited {
  readonly execArgv?: string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Node's flags that name modules to run before the program. */
const PRELOAD = /^(?:--import|--require|-r)(?:=|$)/;

/** The same in NODE_OPTIONS, with the module, which may be quoted. */
const PRELOADS =
  /(?<=^|\s)(?:--import|--require|-r)(?:=|\s+)(?:"(?:\\.|[^"\\])*"|[^\s"])+/g;

/**
 * Starts a thread without the application's preloads: Node runs them in each
 * thread again, and one may start a server there. All other flags are inherited,
 * since permissions and the versions of TLS are among them.
 *
 * @param start May throw Node's error for flags that a thread cannot have.
 * @returns `undefined` if there are no preloads.
 */
export function withoutPreloads<Started>(
  start: (inherited: Inherited) => Started,
): Started | undefined {
  // Other runtimes run preloads in the main thread only.
  if (runtimeName() !== "node") return undefined;
  const { NODE_OPTIONS = "" } = process.env;
  const isPreload = (flag: string) => PRELOAD.test(flag);
  let execArgv = dropFlags(process.execArgv, isPreload);
  const options = NODE_OPTIONS.replaceAll(PRELOADS, "");
  const isSame = execArgv.length === process.execArgv.length;
  if (isSame && options === NODE_OPTIONS) return undefined;
  const env = { ...process.env, NODE_OPTIONS: options };
  for (;;) {
    try {
      return start({ execArgv, env });
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      if (code !== "ERR_WORKER_INVALID_EXEC_ARGV") throw error;
      // Node names flags of the whole process, which a thread has anyway, up to
      // the first one with a value.
      const shared = message.replace(/^.*?: /, "").split(", ");
      const { length } = execArgv;
      execArgv = dropFlags(execArgv, (flag) => shared.includes(flag));
      if (execArgv.length === length) throw error;
    }
  }
}

/** Leaves out flags, and the values that stand behind them. */
function dropFlags(
  args: readonly string[],
  isDropped: (flag: string) => boolean,
): string[] {
  return args.filter((arg, n) => {
    const flag = arg.startsWith("-") || n === 0 ? arg : args[n - 1];
    return !isDropped(flag);
  });
}
