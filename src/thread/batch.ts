import { nextTurn } from "../runtime/pace.ts";

/** Collects what comes in one turn of the event loop, and passes it on at once. */
export class Batch<Item> {
  readonly #pass: (items: readonly Item[]) => void;
  #items: Item[] = [];

  /** Makes a batch that is empty. */
  constructor(pass: (items: readonly Item[]) => void) {
    this.#pass = pass;
  }

  /** Adds an item. */
  add(item: Item): void {
    if (this.#items.push(item) > 1) return;
    nextTurn(() => this.#pass(this.#items.splice(0)));
  }
}
