/**
 * What a database must do for auth101: the one interface that every driver implements, those of this package and
 * those of a host.
 *
 * @module
 */

/** A family of databases that share a syntax. D1 and libSQL are SQLite, MariaDB is MySQL. */
export type Dialect = "sqlite" | "postgres" | "mysql";

/**
 * A value for a placeholder. Datetimes are text (`YYYY-MM-DD HH:MM:SS.ffffff`, in UTC). Booleans reach drivers of
 * PostgreSQL only; SQLite and MySQL get 0 and 1.
 */
export type SqlValue = string | number | boolean | null;

/** One statement, without a semicolon. */
export interface Statement {
  /** Its text, with `?` (SQLite, MySQL) or `$1` (PostgreSQL) for each value. What returns rows begins with `SELECT`. */
  readonly sql: string;
  /** The values of the placeholders, in order. */
  readonly params: readonly SqlValue[];
}

/** What one statement did. */
export interface Result {
  /**
   * The rows of a `SELECT`: objects from column to value; empty for other statements. A value is a string, a number, a
   * bigint, a boolean or null. Anything else, such as a `Date` or a `Uint8Array`, is reported as unreadable.
   */
  readonly rows: readonly Record<string, unknown>[];
  /** How many rows an `INSERT`, `UPDATE` or `DELETE` touched; 0 for other statements. */
  readonly affected: number;
}

/** How a driver over one connection makes a transaction. Databases with a batch of their own (D1) do not need it. */
export interface Transaction {
  /**
   * What runs first, in order: a `ROLLBACK` where a pooled connection may carry a stranger's unfinished transaction,
   * then the beginning of ours. After it come the statements and `COMMIT`; on an error `ROLLBACK`.
   */
  readonly begin: readonly string[];

  /**
   * How many milliseconds the batch has from now, the wait for a connection included. The statements hold the time at which
   * they were written, so nothing of them may commit after that: what has not begun by then must not begin, what has must
   * roll back, and a connection on which that cannot be done at once is not used again. Without it there is no limit.
   */
  readonly timeout?: number | undefined;

  /** Aborted when nobody waits for the results any more, at the latest at the end of that time. */
  readonly signal?: AbortSignal | undefined;
}

/** A database: what the option `database` takes. */
export interface Database {
  /** Which syntax it understands. */
  readonly dialect: Dialect;

  /**
   * Runs the statements in order as one transaction: all of them commit or none does. One {@link Result} a statement,
   * in order. Concurrent batches must act as if they ran one after the other, so a driver never interleaves two on one
   * connection.
   *
   * On failure it throws or rejects with the database's own error, as it is or as the `cause` of another: duplicates,
   * deadlocks and missing tables are told apart by its message (SQLite), its `code` (PostgreSQL's SQLSTATE) or its
   * `errno` (MySQL). A driver retries nothing itself.
   */
  batch(statements: readonly Statement[], transaction: Transaction): Promise<readonly Result[]> | readonly Result[];

  /** Whether the tables are made at first use: for embedded databases. Elsewhere `migrate()` makes them. */
  readonly createsTables?: boolean;

  /**
   * Whether texts are selected as BLOBs: for a client of SQLite that does not survive a text which is not UTF-8. The driver
   * then gives them as strings all the same.
   */
  readonly textsAsBytes?: boolean;

  /** Gives the connection back. Called by `close()`. */
  close?(): Promise<void> | void;
}
