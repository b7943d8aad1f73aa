/**
 * Batches on databases that are spoken to over a connection.
 *
 * @module
 */

import type { Result, Statement } from "./database.js";
import type { Deadline } from "./deadline.js";

/** A connection that nobody else uses until it is given back. */
export interface Connection {
  /** What begins a transaction: these statements and, where it is limited, the time that it has in milliseconds. */
  beginning(begin: readonly string[], milliseconds: number | undefined): readonly string[];
  /** Runs SQL without values. */
  run(sql: string): Promise<unknown>;
  /** Runs a statement. */
  execute(statement: Statement): Promise<Result>;
  /** The SQL that lets the server end a statement, or a transaction that lies idle, after so many milliseconds. */
  limit(milliseconds: number): string;
  /** Undoes what the beginning set for longer than the transaction. Where it fails, the connection is not usable. */
  restore?(): Promise<unknown>;
  /** Whether the server behind the connection cannot do the work, as the error says: another one may. */
  isUnfit(error: unknown): boolean;
  /** Ends the use. One that is not usable may still be inside a transaction: nobody may get it again. */
  giveBack(usable: boolean): void;
}

/** For how many milliseconds the server may be told too long a time: telling it again costs a round trip. */
const TOLERANCE = 100;

/**
 * Runs the statements as one transaction, and gives the connection back whatever happens. A batch that is given up
 * returns at once, commits nothing, and leaves a connection that nobody may use again.
 */
export async function transact(
  connection: Connection,
  statements: readonly Statement[],
  begin: readonly string[],
  deadline: Deadline,
): Promise<readonly Result[]> {
  let state: "fresh" | "beginning" | "begun" = "fresh";
  let usable = true;
  let told = deadline.remaining;
  const step = async <T>(work: () => Promise<T>): Promise<T> => {
    deadline.check();
    // The server frees locks at the deadline also where the network keeps this side's words from it.
    if (told - deadline.remaining > TOLERANCE) {
      told = deadline.remaining;
      await deadline.race(connection.run(connection.limit(told)));
      deadline.check();
    }
    return deadline.race(work());
  };
  try {
    for (const sql of connection.beginning(begin, Number.isFinite(told) ? told : undefined)) {
      deadline.check();
      state = "beginning";
      await deadline.race(connection.run(sql));
    }
    state = "begun";
    const results: Result[] = [];
    for (const statement of statements) results.push(await step(() => connection.execute(statement)));
    await step(() => connection.run("COMMIT"));
    return results;
  } catch (error) {
    // On a standby no transaction begins that may write.
    const isFit = state === "begun" && !connection.isUnfit(error);
    usable = state === "fresh" || (isFit && (await succeeds(() => connection.run("ROLLBACK"), deadline)));
    throw error;
  } finally {
    const { restore } = connection;
    if (usable && state !== "fresh" && restore !== undefined) usable = await succeeds(restore, deadline);
    giveBack(connection, usable);
  }
}

async function succeeds(work: () => Promise<unknown>, deadline: Deadline): Promise<boolean> {
  try {
    deadline.check();
    await deadline.race(work());
    return true;
  } catch {
    return false;
  }
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
 * mix. A piece that fails does not stop those behind it. One that is given up before its turn comes does not begin, and
 * one that is given up later keeps its turn until the connection is free.
 */
export function inTurn(): <T>(work: () => Promise<T>, deadline: Deadline) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(work: () => Promise<T>, deadline: Deadline) => {
    let waiting: (() => Promise<T>) | undefined = work;
    // While a connection hangs, those that were given up would hold their statements behind it.
    const forget = deadline.onGivenUp(() => (waiting = undefined));
    const result = last.then(() => {
      forget();
      if (waiting === undefined) deadline.check();
      return (waiting as () => Promise<T>)();
    });
    last = result.catch(() => undefined);
    return deadline.race(result);
  };
}

/** What clients of servers are besides: when a connection breaks, an `error` without a listener ends the process. */
export interface Emitter {
  on?(event: "error", listener: (error: Error) => void): unknown;
  removeListener?(event: "error", listener: (error: Error) => void): unknown;
}

/** A pool tells of each connection that it makes or hands out, to whomever, before anything else can happen to it. */
interface PoolEmitter {
  on?(event: string, listener: (client: Emitter) => void): unknown;
  removeListener?(event: string, listener: (client: Emitter) => void): unknown;
}

/** Listens for errors, once however often a host hands its client over. */
export function ignoreErrors(emitter: Emitter): void {
  emitter.removeListener?.("error", ignore);
  emitter.on?.("error", ignore);
}

/**
 * Listens for errors of all connections of a pool for as long as they live. A connection can break in the turn in which it is
 * made, long before whoever waits for it hears of it: only the events of the pool come earlier.
 */
export function ignoreErrorsOf(pool: object, events: readonly ("acquire" | "connect" | "connection")[]): void {
  const emitter: PoolEmitter = pool;
  for (const event of events) {
    emitter.removeListener?.(event, ignoreErrors);
    emitter.on?.(event, ignoreErrors);
  }
}

/** A listener: of a broken connection one learns by the next query on it, which fails. */
function ignore(): void {}
