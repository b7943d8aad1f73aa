/**
 * PostgreSQL, by a client that the host brings: node-postgres, PGlite, and serverless clients of the same shape.
 *
 * @module
 */

import { hasMethods, hasProperty, wrongClient } from "./client.js";
import { type Connection, type Emitter, ignoreErrors, ignoreErrorsOf, inTurn, transact } from "./connection.js";
import type { Database, Result, Statement } from "./database.js";
import { within } from "./deadline.js";

/** What a query gives, as far as it is looked at. */
export interface PgResult {
  readonly rows: readonly object[];
  /** How many rows there were or were touched (node-postgres). */
  readonly rowCount?: number | null;
  /** How many rows were touched (PGlite). */
  readonly affectedRows?: number | undefined;
  readonly fields?: readonly { readonly name: string; readonly dataTypeID: number }[];
}

/** Something that takes queries. */
export interface PgQueryable {
  query(text: string, values?: unknown[]): Promise<PgResult>;
  /** `I` outside of transactions (newer versions of node-postgres). */
  getTransactionStatus?(): string | null;
}

/** A connection of a pool. */
export interface PgPoolClient extends PgQueryable, Emitter {
  release(destroy?: boolean): void;
}

/** `Pool` of `pg`, of `@neondatabase/serverless` and of `@vercel/postgres`. */
export interface PgPool extends Emitter {
  connect(): Promise<PgPoolClient>;
  readonly totalCount: number;
}

/** `Client` of the same packages. */
export interface PgClient extends PgQueryable, Emitter {
  connect(): Promise<unknown>;
}

/** `PGlite` of `@electric-sql/pglite`. */
export interface PgLite {
  transaction<T>(work: (transaction: PgQueryable & { exec(sql: string): Promise<unknown> }) => Promise<T>): Promise<T>;
}

/**
 * A PostgreSQL database.
 *
 * - A `Pool` is the right choice for a server: batches run side by side, and a broken connection is replaced. One whose
 *   transaction could not be rolled back, or whose batch is given up, is destroyed. No error of a connection ends the
 *   process: the driver listens on all of them.
 * - A `Client` runs one batch after the other, and is connected at first use unless it is already. Nothing else may
 *   use it meanwhile: a query of the host's would fall into a transaction of ours. It never recovers from a lost
 *   connection; that is how `pg` is.
 * - `PGlite` runs PostgreSQL in this process, one batch after the other by its own doing.
 *
 * The client stays the host's: it is not closed here. Its time limits hold where they are shorter (`connectionTimeoutMillis`,
 * `query_timeout` of `pg`).
 *
 * @throws ConfigurationError where it is none of these.
 */
export function pg(client: PgPool | PgClient | PgLite): Database {
  if (isPool(client)) return pooled(client);
  if (isLite(client)) return lite(client);
  if (isClient(client)) return single(client);
  throw wrongClient(
    "pg",
    'a Pool or Client of "pg", of "@neondatabase/serverless" or of a package of the same shape, or a PGlite',
    client,
  );
}

function pooled(pool: PgPool): Database {
  ignoreErrors(pool);
  ignoreErrorsOf(pool, ["connect", "acquire"]);
  return {
    dialect: "postgres",
    batch: (statements, transaction) =>
      within(transaction, async (deadline) => {
        const client = await deadline.take(pool.connect(), (late) => late.release());
        // With a query under way, `release(true)` destroys the socket.
        const giveBack = (usable: boolean) => client.release(!usable);
        return transact({ ...connection(client), giveBack }, statements, transaction.begin, deadline);
      }),
  };
}

function single(client: PgClient): Database {
  ignoreErrors(client);
  const enqueue = inTurn();
  let connected: Promise<unknown> | undefined;
  // The host closes it, and there is no other. What was given up ends by its time limit, and queries wait for that.
  const giveBack = (usable: boolean) => {
    if (!usable) client.query("ROLLBACK").catch(() => {});
  };
  return {
    dialect: "postgres",
    batch: (statements, transaction) =>
      within(transaction, (deadline) =>
        enqueue(async () => {
          connected ??= connect(client);
          await deadline.race(connected);
          return transact({ ...connection(client), limit: statementLimit, giveBack }, statements, transaction.begin, deadline);
        }, deadline),
      ),
  };
}

function lite(client: PgLite): Database {
  return {
    dialect: "postgres",
    batch: (statements, transaction) =>
      within(transaction, (deadline) =>
        deadline.race(
          client.transaction(async (inside) => {
            deadline.check();
            // It has begun a transaction by now, perhaps inside one that somebody left open. Ours takes the place of both,
            // and is what PGlite commits or rolls back.
            await inside.exec(transaction.begin.join(";"));
            const results: Result[] = [];
            for (const statement of statements) {
              deadline.check();
              results.push(await execute(inside, statement));
            }
            deadline.check();
            return results;
          }),
        ),
      ),
  };
}

/** Without this the queries of a client that nobody connected would wait for ever. */
async function connect(client: PgClient): Promise<void> {
  try {
    await client.connect();
  } catch (error) {
    if (!(error instanceof Error && error.message.includes("already been connected"))) throw error;
  }
}

function connection(client: PgQueryable): Omit<Connection, "giveBack"> {
  return {
    // In one round trip, since none of the statements has a value.
    beginning(begin, milliseconds) {
      // Where nothing is to be rolled back, PostgreSQL would write a warning to its log for each batch.
      const isClean = client.getTransactionStatus?.() === "I";
      const all = milliseconds === undefined ? begin : [...begin, this.limit(milliseconds)];
      return [all.filter((sql) => !(isClean && sql === "ROLLBACK")).join(";")];
    },
    run: (sql) => client.query(sql),
    execute: (statement) => execute(client, statement),
    limit: (milliseconds) => `${statementLimit(milliseconds)};${idleLimit(milliseconds)}`,
    isUnfit: (error) => codeOf(error) === READ_ONLY,
  };
}

function statementLimit(milliseconds: number): string {
  return `SET LOCAL statement_timeout = ${Math.max(1, Math.round(milliseconds))}`;
}

/** Ends the connection: for one that can be replaced. */
function idleLimit(milliseconds: number): string {
  return `SET LOCAL idle_in_transaction_session_timeout = ${Math.max(1, Math.round(milliseconds))}`;
}

/** The SQLSTATE of a write on a standby, or on a server that is being handed over. */
const READ_ONLY = "25006";

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | null | undefined)?.code;
}

async function execute(client: PgQueryable, { sql, params }: Statement): Promise<Result> {
  const { rows, rowCount, affectedRows, fields } = await client.query(sql, [...params]);
  const bigints = (fields ?? []).filter(({ dataTypeID }) => dataTypeID === INT8);
  return {
    rows: (rows as Result["rows"]).map((row) => withNumbers(row, bigints)),
    affected: rows.length > 0 ? 0 : (affectedRows ?? rowCount ?? 0),
  };
}

type Row = Result["rows"][number];

/** The type of `COUNT(*)`, which node-postgres gives as text. */
const INT8 = 20;

function withNumbers(row: Row, bigints: readonly { readonly name: string }[]): Row {
  const texts = bigints.filter(({ name }) => typeof row[name] === "string");
  return { ...row, ...Object.fromEntries(texts.map(({ name }) => [name, Number(row[name])])) };
}

function isPool(client: unknown): client is PgPool {
  return hasMethods(client, "connect", "query") && hasProperty(client, "totalCount");
}

function isClient(client: unknown): client is PgClient {
  return hasMethods(client, "connect", "query");
}

function isLite(client: unknown): client is PgLite {
  return hasMethods(client, "transaction", "runExclusive");
}
