/** The part of `reflect-metadata` that decorators use. */

type Key = unknown;

/** By object; those of its prototypes are its own as well. */
class Metadata {
  readonly #kept = new WeakMap<object, Map<Key, unknown>>();

  defineMetadata = (key: Key, value: unknown, target: object): void => {
    const ofTarget = this.#kept.get(target) ?? new Map();
    this.#kept.set(target, ofTarget.set(key, value));
  };

  getOwnMetadata = (key: Key, target: object): unknown =>
    this.#kept.get(target)?.get(key);

  getOwnMetadataKeys = (target: object): Key[] => [
    ...this.#kept.get(target)?.keys() ?? [],
  ];

  getMetadata = (key: Key, target: object | null): unknown => {
    for (let each = target; each; each = Object.getPrototypeOf(each)) {
      if (this.#kept.get(each)?.has(key)) return this.getOwnMetadata(key, each);
    }
  };
}

/** Runs a function while `Reflect` has metadata, as an import adds them. */
export async function withMetadata(
  use: (metadata: Metadata) => unknown,
): Promise<void> {
  const metadata = new Metadata();
  Object.assign(Reflect, metadata);
  try {
    await use(metadata);
  } finally {
    for (const name of Object.keys(metadata)) {
      Reflect.deleteProperty(Reflect, name);
    }
  }
}
