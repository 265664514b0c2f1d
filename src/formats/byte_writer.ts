const encoder = new TextEncoder();

/** The longest text of a number: `-2.2250738585072014e-308` and a line's end. */
export const NUMBER_BYTES = 32;

/** The digits of 0 to 9999, four bytes each. */
const DIGITS = new Uint8Array(40_000).map((_, at) =>
  48 + Math.floor((at >> 2) / 10 ** (3 - at % 4)) % 10
);

const LINE_FEED = 10;

/** What stands before the values of lines. */
export interface LinePrefixes {
  readonly prefixes: ByteWriter;
  readonly ends: readonly number[];
  readonly indexes: readonly number[];
}

/**
 * Bytes that grow at their end.
 *
 * Its loops are what a scrape spends its time in: what looks like a detour here
 * was faster on Deno, Bun and Node.
 */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #length = 0;

  /** Makes room for as many bytes, to begin with. */
  constructor(capacity: number) {
    this.#bytes = new Uint8Array(Math.max(capacity, 1024));
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** How many bytes were written. */
  get length(): number {
    return this.#length;
  }

  /** What was written: a view, which is right until more is. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Writes a text in UTF-8. */
  text(text: string): void {
    // A UTF-16 unit takes three bytes at most.
    this.#reserve(text.length * 3);
    const bytes = this.#bytes;
    let to = this.#length;
    // `encodeInto` costs more than the short texts that series have.
    for (let from = 0; from < text.length; from++) {
      const code = text.charCodeAt(from);
      if (code > 127) {
        to += encoder.encodeInto(text.slice(from), bytes.subarray(to)).written;
        break;
      }
      bytes[to++] = code;
    }
    this.#length = to;
  }

  /** Writes texts; tells where each ends. */
  texts(texts: readonly string[], ends: number[]): void {
    for (const text of texts) {
      this.text(text);
      ends.push(this.#length);
    }
  }

  /** Writes a part of what another writer has written. */
  copy(other: ByteWriter, start: number, end: number): void {
    this.#reserve(end - start);
    this.#bytes.set(other.#bytes.subarray(start, end), this.#length);
    this.#length += end - start;
  }

  /** Writes a text behind the line that was written last. */
  endLineWith(text: string): void {
    this.#length--;
    this.text(`${text}\n`);
  }

  /**
   * Writes lines: of each its prefix, its value and a line feed.
   *
   * @param lines Their prefixes, where each ends, and the index of each value;
   * `~index` counts as `index`.
   * @param values The values.
   * @param start The first line.
   * @param end The line after the last one.
   */
  lines(
    lines: LinePrefixes,
    values: ArrayLike<number>,
    start: number,
    end: number,
  ): void {
    if (start === end) return;
    const { ends, indexes } = lines;
    const prefixes = lines.prefixes.#view;
    let from = start === 0 ? 0 : ends[start - 1];
    this.#reserve(ends[end - 1] - from + (end - start) * NUMBER_BYTES);
    const bytes = this.#bytes;
    const view = this.#view;
    let to = this.#length;
    for (let line = start; line < end; line++) {
      const prefixEnd = ends[line];
      // Words are copied beyond the end: what follows overwrites that. Read as
      // little-endian numbers, UTF-8 is never a NaN, which might not survive.
      for (; from < prefixEnd; from += 8, to += 8) {
        view.setFloat64(to, prefixes.getFloat64(from, true), true);
      }
      to -= from - prefixEnd;
      from = prefixEnd;
      const index = indexes[line];
      to = writeNumber(bytes, to, values[index < 0 ? ~index : index]);
      bytes[to++] = LINE_FEED;
    }
    this.#length = to;
  }

  /** Sees to it that there is room, with a word to spare. */
  #reserve(more: number): void {
    const needed = this.#length + more + 8;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** Writes a number as the formats spell it; yields where it ends. */
function writeNumber(bytes: Uint8Array, at: number, value: number): number {
  if (value >= 0 && value < 1e8 && value === (value | 0)) {
    const high = (value / 10_000) | 0;
    if (high > 0) {
      at = writeDigits(bytes, at, high);
      const digits = (value - high * 10_000) * 4;
      bytes[at] = DIGITS[digits];
      bytes[at + 1] = DIGITS[digits + 1];
      bytes[at + 2] = DIGITS[digits + 2];
      bytes[at + 3] = DIGITS[digits + 3];
      return at + 4;
    }
    return writeDigits(bytes, at, value);
  }
  const text = numberText(value);
  for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
  return at;
}

/** Writes 0 to 9999 without leading zeros. */
function writeDigits(bytes: Uint8Array, at: number, value: number): number {
  const digits = value * 4;
  if (value > 999) bytes[at++] = DIGITS[digits];
  if (value > 99) bytes[at++] = DIGITS[digits + 1];
  if (value > 9) bytes[at++] = DIGITS[digits + 2];
  bytes[at++] = DIGITS[digits + 3];
  return at;
}

/** Spells a number: JavaScript's `Infinity` is the formats' `+Inf`. */
export function numberText(value: number): string {
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  return String(value);
}
