/** Reads the text formats back, as far as what is written here needs it. */

/** A sample that was read. */
export interface ParsedSample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** A family that was read: everything after a TYPE, until the next. */
export interface ParsedFamily {
  name: string;
  type: string;
  help: string | undefined;
  samples: ParsedSample[];
}

/**
 * Parses an answer in one of the text formats.
 *
 * @throws {SyntaxError} If a line cannot be read.
 */
export function parse(text: string): ParsedFamily[] {
  const families: ParsedFamily[] = [];
  const helps = new Map<string, string>();
  const isOpenMetrics = text.endsWith("# EOF\n");
  for (const line of text.replace(/# EOF\n$/, "").split("\n").slice(0, -1)) {
    const [, word, name, rest] = /^# (HELP|TYPE|UNIT) (\S+) ?(.*)$/s.exec(
      line,
    ) ?? [];
    if (word === "HELP") helps.set(name, unescape(rest, isOpenMetrics));
    else if (word === "TYPE") {
      families.push({ name, type: rest, help: helps.get(name), samples: [] });
    } else if (word === undefined) families.at(-1)!.samples.push(sample(line));
  }
  return families;
}

function sample(line: string): ParsedSample {
  const [start, name] = /^([a-zA-Z_:][a-zA-Z0-9_:]*)\{?/.exec(line) ??
    refuse(line);
  const labels: Record<string, string> = {};
  let at = start.length;
  if (start.endsWith("{")) {
    const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"([,}])/sy;
    for (let separator = ","; separator === ",";) {
      label.lastIndex = at;
      const [whole, key, value, next] = label.exec(line) ?? refuse(line);
      if (Object.hasOwn(labels, key)) refuse(line);
      labels[key] = unescape(value, true);
      at += whole.length;
      separator = next;
    }
  }
  const [, value] = /^ (\S+)( # .*)?$/s.exec(line.slice(at)) ?? refuse(line);
  return { name, labels, value: number(value) };
}

function unescape(text: string, quotes: boolean): string {
  return text.replaceAll(/\\(.)/gs, (escape, char) => {
    if (char === "n") return "\n";
    if (char === "\\" || (char === '"' && quotes)) return char;
    return refuse(escape);
  });
}

function number(text: string): number {
  if (text === "+Inf") return Infinity;
  if (text === "-Inf") return -Infinity;
  if (text !== "NaN" && Number.isNaN(Number(text))) refuse(text);
  return Number(text);
}

function refuse(text: string): never {
  throw new SyntaxError(`Cannot parse ${JSON.stringify(text)}`);
}
