/** Handlers that are measured, and what they are asked. */

/** A request, of the root by default. */
export const request = (path = "/", init?: RequestInit): Request =>
  new Request(`http://localhost${path}`, init);

/** A handler whose answer has no body. */
export const empty = (): Response => new Response(null, { status: 204 });
