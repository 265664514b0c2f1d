/** The permissions of Deno that a preload needs. */
export type Permission =
  | { readonly name: "env"; readonly variable?: string }
  | { readonly name: "net"; readonly host: string }
  | { readonly name: "read"; readonly path: string };

/** Whether something may be done without a prompt; only Deno asks. */
export function isGranted(permission: Permission): boolean {
  const { Deno } = globalThis as unknown as {
    Deno?: {
      permissions: { querySync(given: Permission): { state: string } };
    };
  };
  return Deno === undefined ||
    Deno.permissions.querySync(permission).state === "granted";
}

/** The flag for variables of the environment. */
export const ENVIRONMENT = "--allow-env";

/**
 * The flags that are missing for a server on a thread.
 *
 * @param needed.host Where it listens.
 * @param needed.module The URL of a module of the package.
 * @param needed.variable The variable that is read; without it all are.
 */
export function missingPermissions(
  { host, module, variable }: {
    readonly host: string;
    readonly module: string;
    readonly variable: string | undefined;
  },
): string[] {
  const { protocol, pathname } = new URL(module);
  const flags = {
    "--allow-net": isGranted({ name: "net", host }),
    "--allow-read": protocol !== "file:" ||
      isGranted({ name: "read", path: pathname }),
    [ENVIRONMENT]: isGranted({ name: "env", variable }),
  };
  return Object.entries(flags).filter(([, is]) => !is).map(([flag]) => flag);
}
