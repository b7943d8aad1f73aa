/**
 * What differs between runtimes. Each entry brings its own.
 *
 * @module
 */

import type { HashPool } from "./hash/pool.js";

/** A runtime. */
export interface Platform {
  /** The compiled WebAssembly module. Asked for once, when the first instance is made. */
  module(): WebAssembly.Module;
  /** The most memory that one hash may take, in KiB, where the runtime bounds what everything may. */
  readonly maxHashMemory?: number;
  /** The threads that hash; absent where a runtime has none. */
  readonly threads?: {
    /** How many there are by default. */
    readonly count: () => number;
    /** A pool of at most that many. Starts none before there is work. */
    readonly pool: (size: number) => HashPool;
  };
}
