/**
 * MySQL and MariaDB, by a client of the package `mysql2` that the host brings.
 *
 * @module
 */

import { hasMethods, hasProperty, wrongClient } from "./client.js";
import { type Connection, type Emitter, ignoreErrors, inTurn, transact } from "./connection.js";
import type { Database, Result, Transaction } from "./database.js";

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
  return {
    dialect: "mysql",
    batch: async (statements, transaction) => {
      const client = await pool.getConnection();
      const giveBack = (usable: boolean) => (usable ? client.release() : client.destroy());
      return transact({ ...connection(client), giveBack }, statements, remembering(transaction));
    },
  };
}

function single(client: Mysql2Connection): Database {
  ignoreErrors(client);
  const enqueue = inTurn();
  // Nobody else is to have it, and the host closes it.
  const giveBack = () => {};
  return {
    dialect: "mysql",
    batch: (statements, transaction) =>
      enqueue(
        () => transact({ ...connection(client), giveBack }, statements, remembering(transaction)),
        transaction.signal,
      ),
  };
}

/**
 * The beginning sets the time zone of the connection, for MySQL has no setting of a transaction. The host's queries on
 * the same connection must not see that.
 */
function remembering({ begin, signal }: Transaction): Transaction {
  return { begin: ["SET @auth101_time_zone = @@SESSION.time_zone", ...begin], signal };
}

function connection(client: Mysql2Connection): Omit<Connection, "giveBack"> {
  return {
    run: (sql) => client.query(plain(sql)),
    restore: () => client.query(plain("SET SESSION time_zone = @auth101_time_zone")),
    execute: async ({ sql, params }) => {
      // `query` would write the values into the SQL, by rules that depend on settings of the server.
      const [result] = params.length > 0
        ? await client.execute({ ...plain(sql), values: [...params] })
        : await client.query(plain(sql));
      return outcome(result);
    },
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
