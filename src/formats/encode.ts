import { labelPairs } from "../families/label_set.ts";
import type { Composition } from "../families/merge.ts";
import { isDue, PIECES, rest } from "../runtime/pace.ts";
import type { Exemplar, MetricFamily } from "../types.ts";
import { ByteWriter, NUMBER_BYTES, numberText } from "./byte_writer.ts";
import type { Format } from "./format.ts";
import type { WrittenFamily } from "./syntax.ts";
import { findTemplate, type Template, templateOf } from "./template.ts";

/** The bytes of a value, roughly. */
const VALUE_BYTES = 12;

/**
 * Writes families in an exposition format; the event loop turns in between. The
 * text before the values is remembered while the families' `origin` is in use.
 *
 * @param options.composition Without it the templates are looked for.
 * @param options.writer By default one whose memory is not used again.
 * @returns A view of the writer's bytes.
 */
export async function encode(
  families: readonly MetricFamily[],
  format: Format,
  { composition, writer = new ByteWriter() }: {
    readonly composition?: Composition;
    readonly writer?: ByteWriter;
  } = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const { syntax } = format;
  const planned = planOf(families, format, composition);
  const { written = families, parts, bytes } = planned instanceof Promise
    ? await planned
    : planned;
  writer.clear(bytes);
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i];
    const family = written[i];
    const { template: { lines }, count } = part;
    if (count === 0) writer.copy(lines, 0, lines.headerBytes);
    const isPlain = !family.timestamps?.size &&
      (!syntax.hasExemplars || !family.exemplars?.size);
    for (let from = 0; from < count; from += PIECES) {
      const to = Math.min(from + PIECES, count);
      if (isPlain) writer.lines(lines, family.values, from, to);
      else writeWithEnds(writer, part, family, format, from, to);
      if (isDue(to - from)) await rest();
    }
  }
  writer.text(syntax.end);
  return writer.bytes;
}

/** Writes lines with timestamps and exemplars behind their values. */
function writeWithEnds(
  writer: ByteWriter,
  { template: { lines } }: Part,
  { values, exemplars, timestamps }: MetricFamily,
  format: Format,
  from: number,
  to: number,
): void {
  const { hasExemplars, timeText } = format.syntax;
  for (let line = from; line < to; line++) {
    const place = lines.places[2 * line + 1];
    const time = timestamps?.get(place < 0 ? ~place : place);
    const exemplar = hasExemplars ? exemplars?.get(place) : undefined;
    if (time === undefined && exemplar === undefined) continue;
    writer.lines(lines, values, from, line + 1);
    if (time !== undefined) writer.endLineWith(` ${timeText(time)}`);
    if (exemplar) writer.endLineWith(exemplarText(exemplar, format));
    from = line + 1;
  }
  writer.lines(lines, values, from, to);
}

function exemplarText(
  { labels, value, timestamp }: Exemplar,
  { escaping }: Format,
): string {
  const time = timestamp === undefined ? "" : ` ${numberText(timestamp)}`;
  return ` # {${labelPairs(labels, escaping)}} ${numberText(value)}${time}`;
}

/** All that is known of families before their values are. */
interface Plan {
  /** Of each family whether the format can say its values. */
  readonly expressible: readonly boolean[];
  /** The families as they are written, if they differ. */
  readonly written: readonly WrittenFamily[] | undefined;
  readonly parts: readonly Part[];
  /** A guess of the length: to have guessed too little costs a copy. */
  readonly bytes: number;
}

interface Part {
  readonly template: Template;
  /** How many lines it has; the template may have more. */
  readonly count: number;
}

const known = new WeakMap<Composition, Map<Format, Plan>>();

/** Finds out how families are written; a plan serves all of one composition. */
function planOf(
  families: readonly MetricFamily[],
  format: Format,
  composition: Composition | undefined,
): Plan | Promise<Plan> {
  const expressible = families.map(format.syntax.isExpressible);
  let plans = composition && known.get(composition);
  const plan = plans?.get(format);
  if (plan?.expressible.every((each, i) => each === expressible[i])) {
    return plan;
  }
  if (composition && !plans) known.set(composition, plans = new Map());
  return makePlan(families, format, expressible, plans);
}

async function makePlan(
  families: readonly MetricFamily[],
  format: Format,
  expressible: readonly boolean[],
  plans: Map<Format, Plan> | undefined,
): Promise<Plan> {
  const { syntax, escaping } = format;
  const prepared = await syntax.prepare(families, expressible, escaping);
  const parts: Part[] = [];
  let bytes = 0;
  // Before lines are written there must be room for the longest.
  let longest = 0;
  for (const family of prepared) {
    const template = findTemplate(family, format) ??
      await templateOf(family, format);
    const count = template.linesOf(family.series.length);
    parts.push({ template, count });
    bytes += template.lines.length + count * VALUE_BYTES;
    longest = Math.max(longest, Math.min(count, PIECES) * NUMBER_BYTES);
  }
  const isSame = prepared.length === families.length &&
    prepared.every(({ series }, i) => series === families[i].series);
  const written = isSame ? undefined : prepared;
  const plan = { expressible, written, parts, bytes: bytes + longest };
  if (isSame) plans?.set(format, plan);
  return plan;
}
