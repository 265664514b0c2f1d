/**
 * Hashes of texts, of four bytes each. A text whose hash is absent did not come
 * before; one whose hash is present may have.
 */
export class HashSet {
  /** By their low bits, or where there is room behind; 0 is free. */
  #slots = new Int32Array(8);
  #size = 0;

  /** Adds the hash of a text; tells whether it was absent. */
  add(text: string): boolean {
    const hash = hashOf(text);
    const at = this.#find(hash);
    if (this.#slots[at] === hash) return false;
    this.#slots[at] = hash;
    // Searches stay short while a third of the slots is free.
    if (++this.#size * 3 > this.#slots.length * 2) this.#grow();
    return true;
  }

  delete(text: string): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let free = this.#find(hashOf(text));
    if (slots[free] === 0) return;
    this.#size--;
    // A search ends at a gap, so hashes behind it are moved there.
    for (let at = (free + 1) & mask; slots[at] !== 0; at = (at + 1) & mask) {
      const distance = (at - slots[at]) & mask;
      if (distance < ((at - free) & mask)) continue;
      slots[free] = slots[at];
      free = at;
    }
    slots[free] = 0;
  }

  /** Finds the slot of a hash, or the free one where it belongs. */
  #find(hash: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let at = hash & mask;
    while (slots[at] !== 0 && slots[at] !== hash) at = (at + 1) & mask;
    return at;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(old.length * 2);
    for (const hash of old) {
      if (hash !== 0) this.#slots[this.#find(hash)] = hash;
    }
  }
}

/** Random, so that nobody who chooses labels can make searches long. */
const SEED = Math.floor(Math.random() * 2 ** 32);

/** Hashes the UTF-16 units of a text as FNV-1a does bytes; never to 0. */
function hashOf(text: string): number {
  let hash = SEED;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash | 0 || 1;
}
