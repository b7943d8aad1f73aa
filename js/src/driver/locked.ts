/**
 * Batches on a SQLite file that another process is writing: each waits until its turn comes, and holds nothing up.
 *
 * @module
 */

import { isThenable } from "../event.js";

/** How long a batch waits for another process at most, in milliseconds. */
const PATIENCE = 2_000;
/** Milliseconds between two attempts. */
const PAUSE = 25;

interface Waiting {
  /** Does the work of the batch, all of it or none. */
  readonly attempt: () => void | Promise<void>;
  readonly refuse: (error: unknown) => void;
  readonly until: number;
}

/** Runs a batch on a file; see {@link queue}. */
export type InTurn = <T>(batch: () => T | Promise<T>, how: { onlyReads: boolean; timeout?: number | undefined }) => T | Promise<T>;

/**
 * A queue for the batches on one file: those that find it locked, and those behind them.
 *
 * @returns a function that runs a batch: at once where the file is free, and nothing waits or the batch only reads, since
 *   a writer lets others read until it commits.
 */
export function queue(): InTurn {
  const waiting: Waiting[] = [];

  /** Only the first one tries: each attempt keeps everything else in this process from running for a moment. */
  async function work(): Promise<void> {
    for (let [first] = waiting; first !== undefined; [first] = waiting) {
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
      try {
        while (first !== undefined) {
          await first.attempt();
          waiting.shift();
          [first] = waiting;
        }
      } catch (error) {
        const now = performance.now();
        const isOver = isLocked(error) ? ({ until }: Waiting) => until <= now : (one: Waiting) => one === first;
        for (const late of waiting.filter(isOver)) {
          waiting.splice(waiting.indexOf(late), 1);
          late.refuse(error);
        }
      }
    }
  }

  return <T>(batch: () => T | Promise<T>, { onlyReads, timeout = PATIENCE }: Parameters<InTurn>[1]) => {
    const until = performance.now() + Math.min(timeout, PATIENCE);
    const wait = () =>
      new Promise<T>((resolve, refuse) => {
        // What an attempt throws decides whether there is another.
        const attempt = async () => resolve(await batch());
        waiting.push({ attempt, refuse, until });
        if (waiting.length === 1) void work();
      });
    const waitUnlessLost = (error: unknown) => {
      if (!isLocked(error)) throw error;
      return wait();
    };
    if (!onlyReads && waiting.length > 0) return wait();
    try {
      const results = batch();
      return isThenable(results) ? results.catch(waitUnlessLost) : results;
    } catch (error) {
      return waitUnlessLost(error);
    }
  };
}

/** Whether a file was locked, or a connection is still held up by a statement that met the lock. */
export function isLocked(error: unknown): boolean {
  return error instanceof Error && /database (table )?is locked|SQL statements in progress/.test(error.message);
}
