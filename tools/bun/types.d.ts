// The part of Bun's global that the examples use: all of its types, which are in
// `@types/bun`, get into the way of Deno's.

declare namespace Bun {
  interface BunRequest<_Path extends string> extends Request {
    readonly params: Readonly<Record<string, string>>;
  }
}

// Not `globalThis.Bun`, which exists on Bun alone.
declare const Bun: {
  serve(options: {
    hostname: string;
    port: number;
    routes: Record<string, (request: Bun.BunRequest<string>) => unknown>;
  }): { readonly url: URL };
};
