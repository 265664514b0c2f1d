const listeners = new Set<() => void>();

/**
 * Calls a function with each look at the event loop, while that is measured.
 *
 * @returns Ends that.
 */
export function onTurn(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Tells of a look at the event loop. */
export function tellTurn(): void {
  for (const listener of listeners) listener();
}
