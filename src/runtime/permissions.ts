/** The permissions of Deno that a preload needs. */
export type Permission =
  | { readonly name: "env"; readonly variable?: string }
  | { readonly name: "net"; readonly host?: string }
  | { readonly name: "read"; readonly path: string }
  | { readonly name: "sys"; readonly kind: "hostname" };

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

/** The flags that are missing for some permissions, each once. */
export function missingFlags(needed: readonly Permission[]): string[] {
  const missing = needed.filter((permission) => !isGranted(permission));
  return [...new Set(missing.map(({ name }) => `--allow-${name}`))];
}

/** The permission to load a module. */
export function toLoad(module: string): Permission[] {
  const { protocol, pathname } = new URL(module);
  return protocol === "file:" ? [{ name: "read", path: pathname }] : [];
}
