import { reasonOf } from "../base/describe.ts";
import type { RegisteredMetric } from "../types.ts";
import type { Methods } from "./direct.ts";
import {
  type ProbeOptions,
  requireGot,
  requireSame,
  type Row,
  type Scratch,
  use,
} from "./probe.ts";
import {
  clientJs,
  type ClientStorage,
  platformatic,
  promClient,
  type StoredMetric,
  type StoredType,
  takesExemplars,
  upperBoundsOf,
} from "./stored.ts";

/** The findings about metrics of one class with the same options. */
export interface Verdict extends ProbeOptions {
  /** How they store; `prom-client` 14 does not say their type. */
  storage: ClientStorage & { readonly type: StoredType };
  /** The prototype that has the client's own methods. */
  readonly base: object;
  /** Another metric like them. */
  scratch: Scratch;
  /** Its `get()` and `getForPromString()`. */
  readers: readonly unknown[];
  /** How they differ from those of a known client; absent if they do not. */
  reason?: string;
  /** Settles when the answer of `get()` was compared. */
  checked?: Promise<void>;
  /** Whether they can be live; absent until that was asked. */
  live?: {
    readonly reason?: string;
    /** The client's methods, if they may be bypassed. */
    readonly methods?: Methods;
  };
}

/** A metric that is not as a known client makes it. */
export interface NotKnown {
  readonly reason: string;
  /** Whether it looks like a client's. */
  readonly isClients: boolean;
}

/** The `get()` of mirrored metrics, which makes plain data of what is stored. */
export const yieldsPlain: WeakSet<object> = new WeakSet();

type ClientMetric = StoredMetric & Readonly<Record<string, unknown>>;

/** By metric, since every scrape asks again. */
const ofMetrics = new WeakMap<object, Verdict>();
/** By the prototype with the client's methods, and by options. */
const ofClasses = new WeakMap<object, Map<string, Verdict>>();

const OWN_GET = "it must not have a get() of its own";

/** Finds out how a metric stores; `undefined` if its `get()` must be asked. */
export function storageOf(
  metric: RegisteredMetric,
): Verdict["storage"] | undefined {
  const found = recognise(metric);
  if (!("storage" in found)) return undefined;
  // A constructor that throws leaves a metric without a type in the registry.
  const { type } = metric as Partial<StoredMetric>;
  return type === found.scratch.type ? found.storage : undefined;
}

/**
 * Finds out whose metric it is: by its shape, and by how another metric of the
 * client's class behaves. Names and source texts do not survive a minifier.
 *
 * The class that has the client's methods makes the other metric, never a
 * subclass, whose constructor is the application's code.
 */
export function recognise(given: RegisteredMetric): Verdict | NotKnown {
  const metric = given as ClientMetric;
  const known = ofMetrics.get(metric);
  if (known !== undefined && known.reason === undefined) {
    if (isReadBy(metric, known)) return known;
  }
  const { labelNames, registers, type = typeOf(metric) } = metric;
  const form = Object.hasOwn(metric, "hashMap") ? promClient : clientJs;
  const { property } = form;
  const isClients = Object.hasOwn(metric, property) &&
    (type === "counter" || type === "gauge" || type === "histogram") &&
    Array.isArray(labelNames) && Array.isArray(registers);
  if (!isClients) {
    return { reason: "it is not a metric of a known client", isClients };
  }
  const verdict = verdictOf(metric, form, {
    type,
    isLabelled: labelNames.length > 0,
    hasExemplars: takesExemplars(metric, type),
    collects: metric.collect !== undefined,
    bounds: upperBoundsOf(metric, type),
  });
  if (typeof verdict === "string") return { reason: verdict, isClients };
  const stored = Object(metric[property]);
  const isOwn = Object.getPrototypeOf(stored) ===
      Object.getPrototypeOf(Object(verdict.scratch[property])) &&
    (form === promClient || Reflect.ownKeys(stored).length === 0);
  // A metric that was known before may have the storage of a mirror.
  if (!isOwn && known === undefined) {
    const reason = `its ${property} must be as a known client makes it`;
    return { reason, isClients };
  }
  ofMetrics.set(metric, verdict);
  return verdict;
}

/** Tells whether a metric has the methods that its client has given it. */
function isReadBy(
  metric: ClientMetric,
  { readers, scratch, collects }: Verdict,
): boolean {
  const { getForPromString, collect } = metric;
  // A mirror's own calls the one that it hides.
  const get = yieldsPlain.has(metric.get as object)
    ? Object.getPrototypeOf(metric).get
    : metric.get;
  const isSame = get === readers[0] && getForPromString === readers[1];
  const isAlike = collects === (collect !== undefined);
  if ((isSame && isAlike) || !Object.hasOwn(scratch, "get")) return isSame;
  // They depend on the collector; a running constructor sets them later.
  return isAlike && (get === readers[0] || get === undefined) &&
    (getForPromString === readers[1] || getForPromString === undefined);
}

/**
 * Finds out the type of a metric that does not say it: metrics of `prom-client`
 * 14 never do, and all are registered before their constructors do.
 */
function typeOf(metric: ClientMetric): StoredType | undefined {
  if (Array.isArray(metric.upperBounds ?? metric.buckets)) return "histogram";
  if (typeof metric.set === "function") return "gauge";
  // Summaries observe. A counter gets its `inc` last of all.
  return typeof metric.observe === "function" ? undefined : "counter";
}

/** Finds the verdict on a metric's class, or the reason why it is not known. */
function verdictOf(
  metric: ClientMetric,
  form: ClientStorage,
  options: ProbeOptions,
): Verdict | string {
  let base: object | undefined;
  // A subclass comes before the class with the client's methods.
  for (let each: object = metric; (each = Object.getPrototypeOf(each));) {
    const isBase = ["labels", "remove", "reset"]
      .every((method) => Object.hasOwn(each, method));
    if (isBase) base = each;
  }
  if (base === undefined) return "its class must be one of a known client";
  let verdicts = ofClasses.get(base);
  if (verdicts === undefined) ofClasses.set(base, verdicts = new Map());
  const key = Object.values(options).join(" ");
  const known = verdicts.get(key);
  // A class that was patched since is tried out again.
  const isKnown = known && isReadBy(known.scratch as ClientMetric, known);
  const verdict = isKnown ? known : tryOut(base, form, options);
  verdicts.set(key, verdict);
  return verdict.reason ?? (isReadBy(metric, verdict) ? verdict : OWN_GET);
}

/** Finds out how another metric of a class, with the same options, behaves. */
function tryOut(
  base: object,
  form: ClientStorage,
  options: ProbeOptions,
): Verdict {
  const { type } = options;
  const scratch = {} as Scratch;
  const storage = { ...form, type };
  const verdict: Verdict = { ...options, base, storage, scratch, readers: [] };
  try {
    const scratch = verdict.scratch = makeScratch(base, options);
    verdict.readers = [scratch.get, scratch.getForPromString];
    if (form === clientJs && Object.hasOwn(scratch, "get")) {
      verdict.storage = { ...platformatic, type };
    }
    let rows: readonly Row[] = [];
    for (rows of use(scratch, options));
    const [{ entries }] = form.list<Row>(scratch);
    requireSame(entries, rows);
    // It may yield a promise, for which a start that blocks has no turn.
    verdict.checked = requireGot(scratch, options, rows).catch((error) => {
      verdict.reason = differs(error);
    });
  } catch (error) {
    verdict.reason = differs(error);
  }
  return verdict;
}

export function makeScratch(
  base: object,
  { type, isLabelled, hasExemplars, collects, bounds }: ProbeOptions,
): Scratch {
  const Client = base.constructor as new (options: unknown) => Scratch;
  return new Client({
    name: "probe",
    help: "probe",
    registers: [],
    labelNames: isLabelled ? ["a", "b"] : [],
    ...hasExemplars && { enableExemplars: true },
    ...collects && { collect() {} },
    ...type === "histogram" && { buckets: [...bounds] },
  });
}

export function differs(error: unknown): string {
  return `its class differs from a known client's: ${reasonOf(error)}`;
}

/** Names the clients that have made metrics, where they are known. */
export function clientsOf(metrics: readonly RegisteredMetric[]): string[] {
  const names = metrics.map((metric) => storageOf(metric)?.name);
  return [...new Set(names.filter((name) => name !== undefined))];
}
