/** The longest answer that is read, in bytes. */
const MAX_BYTES = 1024 * 1024;

/**
 * Reads the text of an answer; of one without end, as much as a whole answer may
 * be.
 */
export async function limitedText(response: Response): Promise<string> {
  const chunks: string[] = [];
  const decoder = new TextDecoder();
  let bytes = 0;
  // An answer may have no body, and one of a fetch of the user's own another.
  if (typeof response.body?.getReader !== "function") {
    return String(await response.text());
  }
  const reader = response.body.getReader();
  while (bytes < MAX_BYTES) {
    const { done, value } = await reader.read();
    if (done) return chunks.join("") + decoder.decode();
    bytes += value.byteLength;
    chunks.push(decoder.decode(value, { stream: true }));
  }
  await reader.cancel();
  return chunks.join("");
}
