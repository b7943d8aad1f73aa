/**
 * The time that one batch has.
 *
 * @module
 */

import type { Transaction } from "./database.js";

/** A batch ran out of time: it was rolled back, or its connection was destroyed. */
export class TimeoutError extends Error {
  override readonly name = "TimeoutError";

  constructor() {
    super("the batch ran out of time");
  }
}

/** When a batch is given up: once its time has run out, or nobody waits for it any more. */
export class Deadline {
  readonly #end: number;
  readonly #signal: AbortSignal | undefined;
  readonly #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #listeners = new Set<() => void>();
  #reason: unknown;
  #isOver = false;

  constructor({ signal, timeout = Number.POSITIVE_INFINITY }: Transaction) {
    this.#end = performance.now() + timeout;
    this.#signal = signal;
    if (signal?.aborted) this.#abort();
    signal?.addEventListener("abort", this.#abort, { once: true });
    if (Number.isFinite(timeout)) this.#timer = setTimeout(this.#expire, timeout);
  }

  /** Milliseconds until the end; `Infinity` where there is none. */
  get remaining(): number {
    return this.#end - performance.now();
  }

  /** @throws what the batch was given up for, once it has been. */
  check(): void {
    // A timer is late while something else keeps the event loop busy.
    if (this.remaining <= 0) this.#expire();
    if (this.#isOver) throw this.#reason;
  }

  /** Calls back, once, when the batch is given up. Returns what undoes that. */
  onGivenUp(listener: () => void): () => void {
    if (this.#isOver) listener();
    else this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** What the work gives, or a rejection as soon as the batch is given up. The work itself goes on. */
  async race<T>(work: Promise<T>): Promise<T> {
    let forget: (() => void) | undefined;
    const givenUp = new Promise<never>((_, reject) => {
      forget = this.onGivenUp(() => reject(this.#reason));
    });
    try {
      return await Promise.race([work, givenUp]);
    } finally {
      forget?.();
    }
  }

  /** As {@link race}. What the work gives after that goes to `late`. */
  async take<T>(work: Promise<T>, late: (value: T) => void): Promise<T> {
    let isAwaited = true;
    const forget = this.onGivenUp(() => (isAwaited = false));
    const taken = work.then((value) => {
      if (isAwaited) forget();
      else late(value);
      return value;
    });
    // Nobody hears of a failure after the end.
    taken.catch(forget);
    return this.race(taken);
  }

  /** Stops the clock. */
  end(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this.#abort);
  }

  readonly #abort = () => this.#giveUp(this.#signal?.reason);
  readonly #expire = () => this.#giveUp(new TimeoutError());

  #giveUp(reason: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#reason = reason;
    for (const listener of this.#listeners) listener();
    this.#listeners.clear();
  }
}

/** Runs a batch that has a deadline. */
export async function within<T>(transaction: Transaction, batch: (deadline: Deadline) => Promise<T>): Promise<T> {
  const deadline = new Deadline(transaction);
  try {
    return await batch(deadline);
  } finally {
    deadline.end();
  }
}
