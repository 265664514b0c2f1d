/**
 * Source maps of whole lines: a third of the size of those that TypeScript makes, and
 * enough for stack traces.
 */

const DIGITS =
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** The part of a source map (ECMA-426) that is read. */
interface SourceMap {
  readonly file: string;
  readonly mappings: string;
}

/**
 * Makes a map of lines of a map of columns.
 *
 * @param map What TypeScript has made of one source.
 * @param source The name of the source.
 */
export function lineMap(map: string, source: string): string {
  const { file, mappings }: SourceMap = JSON.parse(map);
  let line = 0;
  let last = 0;
  const lines = mappings.split(";").map((segments) => {
    let first: number | undefined;
    for (const segment of segments.split(",")) {
      // The column, the source, and the line and column there: all but the first
      // as differences to the segment before, of whatever line.
      const fields = decode(segment);
      if (fields.length < 4) continue;
      line += fields[2];
      first ??= line;
    }
    if (first === undefined) return "";
    const difference = first - last;
    last = first;
    return `AA${encode(difference)}A`;
  });
  const kept = { version: 3, file, sources: [source], names: [] };
  return JSON.stringify({ ...kept, mappings: lines.join(";") });
}

/** Decodes numbers of digits in base 64: five bits each, the sign in the lowest. */
function decode(segment: string): number[] {
  const numbers: number[] = [];
  let number = 0;
  let shift = 0;
  for (const digit of segment) {
    const bits = DIGITS.indexOf(digit);
    number |= (bits & 31) << shift;
    shift += 5;
    if (bits > 31) continue;
    numbers.push(number & 1 ? -(number >> 1) : number >> 1);
    number = shift = 0;
  }
  return numbers;
}

function encode(number: number): string {
  let rest = Math.abs(number) << 1 | (number < 0 ? 1 : 0);
  let text = "";
  do {
    const isLast = rest <= 31;
    text += DIGITS[rest & 31 | (isLast ? 0 : 32)];
    rest >>= 5;
  } while (rest > 0);
  return text;
}
