/** Handlers to measure, and requests for them. */

/** A request, of the root by default. */
export const request = (path = "/", init?: RequestInit): Request =>
  new Request(`http://localhost${path}`, init);

/** A handler whose response has no body. */
export const empty = (): Response => new Response(null, { status: 204 });
