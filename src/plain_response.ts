/**
 * Makes an answer of one line of text.
 *
 * @param text The line; `null` for none.
 */
export function plainResponse(
  status: number,
  text: string | null,
  headers: Record<string, string> = {},
): Response {
  return new Response(text && `${text}\n`, { status, headers });
}
