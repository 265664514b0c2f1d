/**
 * The wrappers with metrics in other forms than the children of `prom-client`
 * that `wrappers.ts` has: without labels, with labels that each call names, and
 * with children of `@prometheus-io/client`. By hand the metrics are variables of
 * a function, not constants of the module.
 */
import {
  countExceptions,
  time,
  trackInprogress,
} from "@prometheus-async/prometheus-async/wrappers";
import {
  fulfil,
  handled,
  inprogressNow,
  reject,
  requireMeasured,
  returnAtOnce,
  type Seen,
  seenBy,
  type SyncWork,
  type Work,
} from "./_functions.ts";
import { compare, type Comparison } from "./_harness.ts";
import { type Client, CLIENTS } from "./_registries.ts";

const LABELS = { kind: "bench" };

/** The updates that code by hand makes. */
interface Updates {
  observe(seconds: number): void;
  countError(): void;
  enter(): void;
  leave(): void;
}

type Wrap = <F extends () => unknown>(fn: F) => F;
/** The three wrappers, with metrics. */
type Wrappers = Readonly<Record<"time" | "count" | "track", Wrap>>;

/** Metrics in some form: how code by hand updates them, and the wrappers. */
interface Setting {
  readonly updates: Updates;
  readonly wrappers: Wrappers;
  seen(): Promise<Seen>;
  /** How many calls are in progress, at this moment. */
  inprogress(): number;
}

function metricsOf(client: Client, labelNames: string[]) {
  const registers = [new client.Registry()];
  const common = { help: "Bench", labelNames, registers };
  const durations = new client.Histogram({ ...common, name: "time_seconds" });
  const errors = new client.Counter({ ...common, name: "errors_total" });
  const inprogress = new client.Gauge({ ...common, name: "inprogress" });
  const metrics = { durations, errors, inprogress };
  return {
    ...metrics,
    looks: {
      seen: () => seenBy(metrics),
      inprogress: () => inprogressNow(inprogress),
    },
  };
}

/** Metrics without labels, or children: there is one of each. */
function single(client: Client, labels?: Record<string, string>): Setting {
  const names = Object.keys(labels ?? {});
  const { durations, errors, inprogress, looks } = metricsOf(client, names);
  const [histogram, counter, gauge] = labels === undefined
    ? [durations, errors, inprogress] as const
    : [
      durations.labels(labels),
      errors.labels(labels),
      inprogress.labels(labels),
    ] as const;
  return {
    updates: {
      observe: (seconds) => histogram.observe(seconds),
      countError: () => counter.inc(),
      enter: () => gauge.inc(),
      leave: () => gauge.dec(),
    },
    wrappers: {
      time: time(histogram),
      count: countExceptions(counter),
      track: trackInprogress(gauge),
    },
    ...looks,
  };
}

/** Metrics whose labels each call names. */
function labelled(client: Client): Setting {
  const { durations, errors, inprogress, looks } = metricsOf(
    client,
    Object.keys(LABELS),
  );
  return {
    updates: {
      observe: (seconds) => durations.observe(LABELS, seconds),
      countError: () => errors.inc(LABELS),
      enter: () => inprogress.inc(LABELS),
      leave: () => inprogress.dec(LABELS),
    },
    wrappers: {
      time: time(durations, { labels: LABELS }),
      count: countExceptions(errors, { labels: LABELS }),
      track: trackInprogress(inprogress, { labels: LABELS }),
    },
    ...looks,
  };
}

/** The settings, by their names. */
const SETTINGS: Readonly<Record<string, () => Setting>> = {
  "unlabelled": () => single(CLIENTS["prom-client"]),
  "labels per call": () => labelled(CLIENTS["prom-client"]),
  "@prometheus-io/client": () =>
    single(CLIENTS["@prometheus-io/client"], LABELS),
};

/** A wrapper, or all of them, and the same by hand. */
interface Kind {
  wrap(wrappers: Wrappers): Wrap;
  async(updates: Updates, work: Work): Work;
  sync(updates: Updates, work: SyncWork): SyncWork;
  /** The values after a call that returns, and after one that throws. */
  readonly returned: Readonly<Seen>;
  readonly thrown: Readonly<Seen>;
}

const KINDS: Readonly<Record<string, Kind>> = {
  "time()": {
    wrap: ({ time }) => time,
    async: ({ observe }, work) => async () => {
      const started = performance.now();
      try {
        return await work();
      } finally {
        observe((performance.now() - started) / 1000);
      }
    },
    sync: ({ observe }, work) => () => {
      const started = performance.now();
      try {
        return work();
      } finally {
        observe((performance.now() - started) / 1000);
      }
    },
    returned: [1, 0, 0],
    thrown: [1, 0, 0],
  },
  "countExceptions()": {
    wrap: ({ count }) => count,
    async: ({ countError }, work) => async () => {
      try {
        return await work();
      } catch (error) {
        countError();
        throw error;
      }
    },
    sync: ({ countError }, work) => () => {
      try {
        return work();
      } catch (error) {
        countError();
        throw error;
      }
    },
    returned: [0, 0, 0],
    thrown: [0, 1, 0],
  },
  "trackInprogress()": {
    wrap: ({ track }) => track,
    async: ({ enter, leave }, work) => async () => {
      enter();
      try {
        return await work();
      } finally {
        leave();
      }
    },
    sync: ({ enter, leave }, work) => () => {
      enter();
      try {
        return work();
      } finally {
        leave();
      }
    },
    returned: [0, 0, 0],
    thrown: [0, 0, 0],
  },
  "the three stacked": {
    wrap: ({ time, count, track }) => (fn) => time(count(track(fn))),
    async: ({ observe, countError, enter, leave }, work) => async () => {
      enter();
      const started = performance.now();
      try {
        return await work();
      } catch (error) {
        countError();
        throw error;
      } finally {
        observe((performance.now() - started) / 1000);
        leave();
      }
    },
    sync: ({ observe, countError, enter, leave }, work) => () => {
      enter();
      const started = performance.now();
      try {
        return work();
      } catch (error) {
        countError();
        throw error;
      } finally {
        observe((performance.now() - started) / 1000);
        leave();
      }
    },
    returned: [1, 0, 0],
    thrown: [1, 1, 0],
  },
};

/** The functions that are wrapped, and the same by hand, by what they do. */
const FUNCTIONS: Readonly<
  Record<
    string,
    (kind: Kind, setting: Setting) => Record<string, () => unknown>
  >
> = {
  "async": (kind, { updates, wrappers }) => ({
    "by hand": kind.async(updates, fulfil),
    "wrapped": kind.wrap(wrappers)(fulfil),
  }),
  "rejecting": (kind, { updates, wrappers }) => ({
    "by hand": handled(kind.async(updates, reject)),
    "wrapped": handled(kind.wrap(wrappers)(reject)),
  }),
  "sync": (kind, { updates, wrappers }) => ({
    "by hand": kind.sync(updates, returnAtOnce),
    "wrapped": kind.wrap(wrappers)(returnAtOnce),
  }),
};

function comparison(what: string, name: string, setting: string): Comparison {
  const kind = KINDS[name];
  const isTracked = name === "trackInprogress()" ||
    name === "the three stacked";
  let metrics: Setting;
  return {
    name: `${what}: ${name}, ${setting}`,
    baseline: "by hand",
    cases() {
      metrics = SETTINGS[setting]();
      return FUNCTIONS[what](kind, metrics);
    },
    check: (each, run) =>
      requireMeasured(
        `${what}: ${name}, ${setting}, ${each}`,
        run,
        metrics.seen,
        what === "rejecting" ? kind.thrown : kind.returned,
        { now: metrics.inprogress, wanted: isTracked ? 1 : 0 },
      ),
  };
}

await compare(
  Object.keys(SETTINGS).flatMap((setting) =>
    Object.keys(KINDS).flatMap((name) =>
      Object.keys(FUNCTIONS).map((what) => comparison(what, name, setting))
    )
  ),
);
