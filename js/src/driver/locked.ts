/**
 * Batches on a SQLite file that another process is writing: each waits until its turn comes, and holds nothing up.
 *
 * @module
 */

/** How long a batch waits for another process that writes, in milliseconds. */
const PATIENCE = 1_000;
/** Milliseconds between two attempts. */
const PAUSE = 25;

interface Waiting {
  /** Does the work of the batch, all of it or none. */
  readonly attempt: () => void;
  readonly refuse: (error: unknown) => void;
  readonly until: number;
}

/**
 * A queue for synchronous batches on one file: those that find it locked, and those behind them.
 *
 * @returns a function that runs a batch: at once where the file is free, and nothing waits or the batch only reads, since
 *   a writer lets others read until it commits.
 */
export function queue(): <T>(batch: () => T, onlyReads: boolean) => T | Promise<T> {
  const waiting: Waiting[] = [];

  /** Only the first one tries: each attempt keeps everything else in this process from running for a moment. */
  async function work(): Promise<void> {
    for (let [first] = waiting; first !== undefined; [first] = waiting) {
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
      try {
        while (first !== undefined) {
          first.attempt();
          waiting.shift();
          [first] = waiting;
        }
      } catch (error) {
        const isOver = isLocked(error) ? ({ until }: Waiting) => until <= Date.now() : (one: Waiting) => one === first;
        for (const late of waiting.filter(isOver)) {
          waiting.splice(waiting.indexOf(late), 1);
          late.refuse(error);
        }
      }
    }
  }

  return <T>(batch: () => T, onlyReads: boolean) => {
    if (onlyReads || waiting.length === 0) {
      try {
        return batch();
      } catch (error) {
        if (!isLocked(error)) throw error;
      }
    }
    return new Promise<T>((resolve, reject) => {
      waiting.push({ attempt: () => resolve(batch()), refuse: reject, until: Date.now() + PATIENCE });
      if (waiting.length === 1) void work();
    });
  };
}

function isLocked(error: unknown): boolean {
  return error instanceof Error && error.message.includes("database is locked");
}
