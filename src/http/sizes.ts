/**
 * What `Content-Length` says.
 *
 * @returns `undefined` if it is not there, or is no length (RFC 9110, 8.6): a
 * client may send anything.
 */
export function contentLength(headers: Headers): number | undefined {
  const length = headers.get("content-length");
  if (length === null || !/^\d{1,15}$/.test(length)) return undefined;
  return Number(length);
}

/**
 * The size of a request's body.
 *
 * @returns `undefined` if nobody knows it before it has come.
 */
export function requestSize(request: Request): number | undefined {
  const { headers, method } = request;
  if (headers.has("content-length")) return contentLength(headers);
  if (method === "GET" || method === "HEAD") return 0;
  // Last of all: to ask for its body makes a request slow on Node.
  return request.body === null ? 0 : undefined;
}
