/** `Response` as a constructor. */
type ResponseClass = new (body: BodyInit | null, init: Response) => Response;

/**
 * Makes a response one that the runtime's own server takes.
 *
 * An adapter in the application may have replaced the global `Response` by a
 * class that inherits from it: `serve()` of `@hono/node-server` does by default.
 */
export function nativeResponse(response: Response): Response {
  const NativeResponse = nativeClass();
  if (response.constructor === NativeResponse) return response;
  return new NativeResponse(response.body, response);
}

/** The class that the others inherit from. */
function nativeClass(): ResponseClass {
  let found: ResponseClass = globalThis.Response;
  for (;;) {
    const parent = Object.getPrototypeOf(found);
    if (parent === Function.prototype) return found;
    found = parent;
  }
}
