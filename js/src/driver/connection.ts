/**
 * Batches on databases that are spoken to over a connection.
 *
 * @module
 */

import type { Result, Statement, Transaction } from "./database.js";

/** A connection that nobody else uses until it is given back. */
export interface Connection {
  /** Runs SQL without values. */
  run(sql: string): Promise<unknown>;
  /** Runs a statement. */
  execute(statement: Statement): Promise<Result>;
  /** Undoes what the beginning set for longer than the transaction. Where it fails, the connection is not usable. */
  restore?(): Promise<unknown>;
  /** Ends the use. One that is not usable may still be inside a transaction: nobody may get it again. */
  giveBack(usable: boolean): void;
}

/**
 * Runs the statements as one transaction, and gives the connection back whatever happens. Where nobody waits for the
 * results any more, it ends at the next step and nothing is committed.
 */
export async function transact(
  connection: Connection,
  statements: readonly Statement[],
  { begin, signal }: Transaction,
): Promise<readonly Result[]> {
  let hasBegun = false;
  let usable = true;
  try {
    for (const sql of begin) {
      signal?.throwIfAborted();
      hasBegun = true;
      await connection.run(sql);
    }
    const results: Result[] = [];
    for (const statement of statements) {
      signal?.throwIfAborted();
      results.push(await connection.execute(statement));
    }
    signal?.throwIfAborted();
    await connection.run("COMMIT");
    return results;
  } catch (error) {
    usable = !hasBegun || (await succeeds(connection.run("ROLLBACK")));
    throw error;
  } finally {
    if (usable && hasBegun && connection.restore !== undefined) usable = await succeeds(connection.restore());
    giveBack(connection, usable);
  }
}

function succeeds(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  );
}

/** A batch that has committed has done so, whatever becomes of its connection. */
function giveBack(connection: Connection, usable: boolean): void {
  try {
    connection.giveBack(usable);
  } catch {
    if (usable) giveBack(connection, false);
  }
}

/**
 * Lets one piece of work follow the other: what a single connection needs, since statements of two batches must not
 * mix. A piece that fails does not stop those behind it, and nobody has to come back for the next one to begin. One that
 * nobody waits for any more when its turn comes does not begin.
 */
export function inTurn(): <T>(work: () => Promise<T>, signal: AbortSignal | undefined) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(work: () => Promise<T>, signal: AbortSignal | undefined) => {
    let waiting: (() => Promise<T>) | undefined = work;
    // While a connection hangs, those that were given up would hold their statements behind it.
    const forget = () => (waiting = undefined);
    signal?.addEventListener("abort", forget, { once: true });
    const result = last.then(() => {
      signal?.removeEventListener("abort", forget);
      if (waiting === undefined) throw signal?.reason;
      return waiting();
    });
    last = result.catch(() => undefined);
    return result;
  };
}

/** What clients of servers are besides: when a connection breaks, an `error` without a listener ends the process. */
export interface Emitter {
  on?(event: "error", listener: (error: Error) => void): unknown;
  removeListener?(event: "error", listener: (error: Error) => void): unknown;
}

/** Listens for that, once however often a host hands its client over. */
export function ignoreErrors(emitter: Emitter): void {
  stopIgnoring(emitter);
  emitter.on?.("error", ignore);
}

/** Leaves it to the next owner. */
export function stopIgnoring(emitter: Emitter): void {
  emitter.removeListener?.("error", ignore);
}

/** A listener: of a broken connection one learns by the next query on it, which fails. */
function ignore(): void {}
