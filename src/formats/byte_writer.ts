const encoder = new TextEncoder();

/** The longest text of a number: `-2.2250738585072014e-308` and a line's end. */
export const NUMBER_BYTES = 32;

/** The digits of 0 to 9999, four bytes each. */
const DIGITS = new Uint8Array(40_000).map((_, at) =>
  48 + Math.floor((at >> 2) / 10 ** (3 - at % 4)) % 10
);

const LINE_FEED = 10;

/** Prefixes are copied in words of so many bytes. */
const WORD = 8;

/** By how much more than is needed memory is kept, for a few to be added. */
const SPARE = 1.0625;

const NO_BYTES = new Uint8Array();

/**
 * Bytes that grow at their end.
 *
 * A scrape spends its time in these loops. Each detour was measured: it is faster
 * on Deno, Bun and Node.
 */
export class ByteWriter {
  length = 0;
  #bytes: Uint8Array<ArrayBuffer> = NO_BYTES;
  #view: DataView = new DataView(NO_BYTES.buffer);

  get capacity(): number {
    return this.#bytes.length;
  }

  /** The written bytes: a view, valid until the next write. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.length);
  }

  /** Forgets what was written, and makes room for as many bytes. */
  clear(capacity: number): void {
    this.length = 0;
    this.#reserve(capacity);
  }

  text(text: string): void {
    // A UTF-16 unit takes three bytes at most.
    this.#reserve(text.length * 3);
    const bytes = this.#bytes;
    let to = this.length;
    // `encodeInto` costs more than the short texts that series have.
    for (let from = 0; from < text.length; from++) {
      const code = text.charCodeAt(from);
      if (code > 127) {
        to += encoder.encodeInto(text.slice(from), bytes.subarray(to)).written;
        break;
      }
      bytes[to++] = code;
    }
    this.length = to;
  }

  copy(other: ByteWriter, start: number, end: number): void {
    this.#reserve(end - start);
    this.#bytes.set(other.#bytes.subarray(start, end), this.length);
    this.length += end - start;
  }

  /** Writes a text behind the line that was written last. */
  endLineWith(text: string): void {
    this.length--;
    this.text(`${text}\n`);
  }

  /** Writes lines, from one up to another: the prefix, the value, a line feed. */
  lines(
    prefixes: LinePrefixes,
    values: ArrayLike<number>,
    start: number,
    end: number,
  ): void {
    if (start === end) return;
    const { places } = prefixes;
    const source = prefixes.#view;
    let from = start === 0 ? 0 : places[2 * start - 2];
    this.#reserve(places[2 * end - 2] - from + (end - start) * NUMBER_BYTES);
    const bytes = this.#bytes;
    const view = this.#view;
    let to = this.length;
    for (let place = 2 * start; place < 2 * end; place += 2) {
      const prefixEnd = places[place];
      // Words are copied beyond the end: the value overwrites that. Read as
      // little-endian numbers, UTF-8 is never a NaN, which might not survive.
      for (; from < prefixEnd; from += WORD, to += WORD) {
        view.setFloat64(to, source.getFloat64(from, true), true);
      }
      to -= from - prefixEnd;
      from = prefixEnd;
      const index = places[place + 1];
      to = writeNumber(bytes, to, values[index < 0 ? ~index : index]);
      bytes[to++] = LINE_FEED;
    }
    this.length = to;
  }

  /** Gives back memory that is not needed, but for a little to grow into. */
  trim(): void {
    const wanted = Math.ceil(this.length * SPARE) + WORD;
    if (this.#bytes.length > wanted * SPARE) this.#resize(wanted);
  }

  /** Makes room, with a word to spare. */
  #reserve(more: number): void {
    const needed = this.length + more + WORD;
    if (needed <= this.#bytes.length) return;
    this.#resize(Math.max(needed, this.#bytes.length * 2));
  }

  #resize(bytes: number): void {
    const resized = new Uint8Array(bytes);
    resized.set(this.bytes);
    this.#bytes = resized;
    this.#view = new DataView(resized.buffer);
  }
}

/** A header, and the text before each line's value. */
export class LinePrefixes extends ByteWriter {
  /**
   * Of each line two integers: where its prefix ends, and the index of its value,
   * or `~index` where the line takes no exemplar.
   */
  places: Int32Array = new Int32Array(2);
  count = 0;
  /** The length of the header, which the first prefix includes. */
  readonly headerBytes: number;

  constructor(header: string) {
    super();
    this.text(header);
    this.headerBytes = this.length;
  }

  /**
   * Adds lines whose values follow one another; their prefixes differ in the end
   * only. The parts come one by one, since engines would have to join them.
   */
  add(
    opening: string,
    labels: string,
    ends: readonly string[],
    firstIndex: number,
    takesExemplars: boolean,
  ): void {
    this.#reserve(ends.length);
    for (let i = 0; i < ends.length; i++) {
      this.text(opening);
      this.text(labels);
      this.text(ends[i]);
      const index = firstIndex + i;
      this.places[2 * this.count] = this.length;
      this.places[2 * this.count++ + 1] = takesExemplars ? index : ~index;
    }
  }

  /** Copies lines of another's, whose values have moved up by as many indexes. */
  addFrom(other: LinePrefixes, from: number, to: number, moved: number): void {
    this.#reserve(to - from);
    const { places } = other;
    const start = from === 0 ? other.headerBytes : places[2 * from - 2];
    const shift = this.length - start;
    this.copy(other, start, places[2 * to - 2]);
    for (let place = 2 * from; place < 2 * to; place += 2) {
      const index = places[place + 1];
      this.places[2 * this.count] = places[place] + shift;
      this.places[2 * this.count++ + 1] = index < 0
        ? index - moved
        : index + moved;
    }
  }

  override trim(): void {
    super.trim();
    const wanted = Math.ceil(2 * this.count * SPARE);
    if (this.places.length > wanted * SPARE) this.#resize(wanted);
  }

  #reserve(lines: number): void {
    const needed = 2 * (this.count + lines);
    if (needed <= this.places.length) return;
    this.#resize(Math.max(needed, 2 * this.places.length));
  }

  #resize(integers: number): void {
    const resized = new Int32Array(integers);
    resized.set(this.places.subarray(0, 2 * this.count));
    this.places = resized;
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
