/**
 * MySQL and MariaDB, by a client of the package `mysql2` that the host brings.
 *
 * @module
 */

import { hasMethods, hasProperty, wrongClient } from "./client.js";
import { type Connection, type Emitter, ignoreErrors, ignoreErrorsOf, inTurn, transact } from "./connection.js";
import type { Database, Result } from "./database.js";
import { within } from "./deadline.js";

/** A query with the settings that must hold for it, whatever those of the connection are. */
export interface Mysql2Query {
  sql: string;
  values?: (string | number | boolean | null)[];
  rowsAsArray: false;
  nestTables: false;
  typeCast: (field: unknown, next: () => unknown) => unknown;
}

/** A connection, as promises. */
export interface Mysql2Connection extends Emitter {
  query(query: Mysql2Query): Promise<[unknown, unknown]>;
  execute(query: Mysql2Query): Promise<[unknown, unknown]>;
}

/** A connection of a pool. */
export interface Mysql2PoolConnection extends Mysql2Connection {
  /** What the server calls the connection. */
  readonly threadId: number | null;
  release(): void;
  destroy(): void;
}

/** `createPool` of `mysql2/promise`. */
export interface Mysql2Pool {
  getConnection(): Promise<Mysql2PoolConnection>;
}

/** What `mysql2` itself makes, which takes callbacks. */
export interface Mysql2Callbacks<Promises> {
  promise(): Promises;
}

/**
 * A MySQL or MariaDB database.
 *
 * A pool is the right choice for a server: batches run side by side, and a broken connection is replaced. A single
 * connection runs one batch after the other, nothing else may use it meanwhile, and it never recovers once it is lost.
 *
 * Both packages will do, `mysql2` and `mysql2/promise`, with any options: what matters here is set for each query, and
 * the time zone of a connection is put back. Values travel by the protocol of prepared statements, never inside SQL.
 * The client stays the host's: it is not closed here.
 *
 * @throws ConfigurationError where it is none of these.
 */
export function mysql2(
  client:
    | Mysql2Pool
    | Mysql2Connection
    | Mysql2Callbacks<Mysql2Pool>
    | Mysql2Callbacks<Mysql2Connection>,
): Database {
  const promises: unknown = isCallbacks(client) ? client.promise() : client;
  if (isPool(promises)) return pooled(promises);
  if (isConnection(promises)) return single(promises);
  throw wrongClient("mysql2", 'a pool or connection made by "mysql2" or "mysql2/promise"', client);
}

function pooled(pool: Mysql2Pool): Database {
  ignoreErrorsOf(pool, ["connection", "acquire"]);
  const kill = killer(pool);
  return {
    dialect: "mysql",
    batch: (statements, transaction) =>
      within(transaction, async (deadline) => {
        const client = await deadline.take(pool.getConnection(), (late) => late.release());
        const giveBack = (usable: boolean) => {
          if (usable) return client.release();
          destroy(client);
          if (client.threadId !== null) kill(client.threadId);
        };
        return transact({ ...connection(client), giveBack }, statements, transaction.begin, deadline);
      }),
  };
}

function single(client: Mysql2Connection): Database {
  ignoreErrors(client);
  const enqueue = inTurn();
  // The host closes it, and there is no other. What was given up ends by its time limit, and queries wait for that.
  const giveBack = (usable: boolean) => {
    if (!usable) for (const sql of ["ROLLBACK", RESTORE]) client.query(plain(sql)).catch(() => {});
  };
  const assign = statementTime;
  return {
    dialect: "mysql",
    batch: (statements, transaction) =>
      within(transaction, (deadline) =>
        enqueue(
          () => transact({ ...connection(client, assign), giveBack }, statements, transaction.begin, deadline),
          deadline,
        ),
      ),
  };
}

/** `destroy` of a connection says goodbye and waits for the server to close: the socket of one that hangs would stay. */
function destroy(client: Mysql2PoolConnection): void {
  client.destroy();
  const { connection } = client as { connection?: { stream?: { destroy?(): void } } };
  connection?.stream?.destroy?.();
}

/** How long the end of a connection that was destroyed may wait for another connection, in milliseconds. */
const KILL_WITHIN = 2_000;

/**
 * Ends connections of the server whose other end is gone: unlike PostgreSQL's, they go on until their statement has ended, and
 * hold locks. By one other connection at a time. An end that comes too late is left out, since the number may by then be
 * somebody else's, on a server that was started anew.
 */
function killer(pool: Mysql2Pool): (threadId: number) => void {
  const enqueue = inTurn();
  const kill = (threadId: number) =>
    within({ begin: [], timeout: KILL_WITHIN }, (deadline) =>
      enqueue(async () => {
        const client = await deadline.take(pool.getConnection(), (late) => late.release());
        try {
          await deadline.race(client.query(plain(`KILL ${threadId}`)));
          client.release();
        } catch (error) {
          // A connection that has ended by itself is unknown.
          if (isUnknownThread(error)) client.release();
          else destroy(client);
        }
      }, deadline),
    );
  return (threadId) => void kill(threadId).catch(() => {});
}

function isUnknownThread(error: unknown): boolean {
  return errnoOf(error) === 1094;
}

function errnoOf(error: unknown): unknown {
  return (error as { errno?: unknown } | null | undefined)?.errno;
}

/**
 * The beginning, and the time limits, set variables of the connection, for MySQL has none of a transaction. The host's queries
 * on the same connection must not see that. What stands in comments is for MariaDB alone.
 */
const REMEMBER = `SET @auth101_time_zone = @@SESSION.time_zone,
  @auth101_lock_wait_timeout = @@SESSION.innodb_lock_wait_timeout
  /*M!100301 , @auth101_statement_time = @@SESSION.max_statement_time,
  @auth101_idle_timeout = @@SESSION.idle_transaction_timeout */`;
const RESTORE = `SET SESSION time_zone = @auth101_time_zone,
  SESSION innodb_lock_wait_timeout = @auth101_lock_wait_timeout
  /*M!100301 , SESSION max_statement_time = @auth101_statement_time,
  SESSION idle_transaction_timeout = @auth101_idle_timeout */`;

/** What a limit of so many milliseconds assigns: seconds, whole ones for a transaction that lies idle. */
const statementTime = (milliseconds: number) => `SESSION max_statement_time = ${(Math.max(1, milliseconds) / 1_000).toFixed(3)}`;
const idleTime = (milliseconds: number) => `SESSION idle_transaction_timeout = ${Math.ceil(milliseconds / 1_000)}`;
const bothTimes = (milliseconds: number) => `${statementTime(milliseconds)}, ${idleTime(milliseconds)}`;

/** The server's errors for a write on a replica, or on a primary that is being handed over. */
const READ_ONLY: readonly unknown[] = [1_290, 1_792, 1_836];

function connection(client: Mysql2Connection, assign = bothTimes): Omit<Connection, "giveBack"> {
  const forMariaDb = (milliseconds: number) => `/*M!100301 , ${assign(milliseconds)} */`;
  return {
    beginning: (begin, milliseconds) => [
      // All values are read before the first is assigned.
      milliseconds === undefined ? REMEMBER : `${REMEMBER} ${forMariaDb(milliseconds)}`,
      ...begin,
    ],
    run: (sql) => client.query(plain(sql)),
    limit: (milliseconds) => `SET @auth101_limited = 1 ${forMariaDb(milliseconds)}`,
    restore: () => client.query(plain(RESTORE)),
    execute: async ({ sql, params }) => {
      // `query` would write the values into the SQL, by rules that depend on settings of the server.
      const [result] = params.length > 0
        ? await client.execute({ ...plain(sql), values: [...params] })
        : await client.query(plain(sql));
      return outcome(result);
    },
    isUnfit: (error) => READ_ONLY.includes(errnoOf(error)),
  };
}

/** Rows as objects with the values that `mysql2` makes by itself, whatever the connection is set to. */
function plain(sql: string): Mysql2Query {
  return { sql, rowsAsArray: false, nestTables: false, typeCast: (_, next) => next() };
}

function outcome(result: unknown): Result {
  if (Array.isArray(result)) return { rows: result, affected: 0 };
  return { rows: [], affected: (result as { affectedRows?: number }).affectedRows ?? 0 };
}

function isCallbacks(client: unknown): client is Mysql2Callbacks<unknown> {
  return hasMethods(client, "promise");
}

/** The promises of `mysql2` wrap what takes callbacks. Clients of other packages look alike but answer otherwise. */
function isPool(client: unknown): client is Mysql2Pool {
  return hasMethods(client, "getConnection") && hasProperty(client, "pool");
}

function isConnection(client: unknown): client is Mysql2Connection {
  return hasMethods(client, "query", "execute") && hasProperty(client, "connection");
}
