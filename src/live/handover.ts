/** What a thread needs to read what another one keeps in shared memory. */
export interface Handover {
  /** The address of the directory. */
  readonly directory: number;
  /** The memory that there is. */
  readonly chunks: readonly MemoryChunk[];
}

/** A chunk of shared memory. */
export interface MemoryChunk {
  /** Its number; chunks may arrive in any order. */
  readonly index: number;
  /** The memory itself. */
  readonly buffer: SharedArrayBuffer;
}
