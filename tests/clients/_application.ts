/** Metrics of a client that are mirrored and read. */
import { assertEquals } from "@std/assert";
import type * as promClient from "prom-client";
import { Mirror } from "../../src/live/mirror.ts";
import { LiveReader } from "../../src/memory/reader.ts";
import { write } from "../live/_live.ts";
import type { Client } from "./_copy.ts";

/** Metrics of a client, mirrored. */
export class Application {
  readonly registry: promClient.Registry;
  readonly counter: promClient.Counter;
  readonly gauge: promClient.Gauge;
  readonly histogram: promClient.Histogram;
  /** The reports of the mirror. */
  readonly told: string[] = [];
  #mirror: Mirror | undefined;
  #reader: LiveReader | undefined;

  constructor({ Registry, Counter, Gauge, Histogram }: Client) {
    this.registry = new Registry();
    const options = { help: "h", registers: [this.registry] };
    this.counter = new Counter({ name: "c", labelNames: ["a"], ...options });
    this.gauge = new Gauge({ name: "g", ...options });
    this.histogram = new Histogram({ name: "h", buckets: [1, 2], ...options });
    this.update(0);
  }

  /** Gives each metric a value that tells how often that was done. */
  update(n: number): void {
    this.counter.inc({ a: "1" }, 1);
    this.gauge.set(n);
    this.histogram.observe(0.5);
  }

  /** Mirrors them from now on. */
  mirror(): Mirror {
    this.#mirror = new Mirror({
      registries: [this.registry],
      onError: (error) => this.told.push(String(error)),
    });
    this.#reader = new LiveReader(
      this.#mirror.handOver((chunk) => this.#reader!.add(chunk)),
    );
    return this.#mirror;
  }

  /** The text that another thread reads while this one is blocked. */
  async read(): Promise<string> {
    const { families, failures } = this.#reader!.read();
    assertEquals(failures, []);
    return await write(families);
  }

  /** The names of those that are not live. */
  get notLive(): string[] {
    return this.#mirror!.notLive.map(({ name }) => name);
  }

  /** Mirrors them no longer. */
  close(): void {
    this.#mirror?.close();
  }
}

/** The lines of an exposition that are samples. */
export function samplesIn(text: string): string {
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"))
    .join("\n");
}
