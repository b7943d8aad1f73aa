/**
 * libSQL and Turso, by a client of the package `@libsql/client` that the host brings.
 *
 * @module
 */

import { hasMethods, wrongClient } from "./client.js";
import type { Database, Result, SqlValue, Statement } from "./database.js";
import { within } from "./deadline.js";
import { isLocked, queue } from "./locked.js";

/** What a statement gives. */
export interface LibsqlResult {
  readonly columns: readonly string[];
  readonly rows: readonly { readonly [column: number]: unknown }[];
  readonly rowsAffected: number;
}

/** A statement with its values. */
export interface LibsqlStatement {
  sql: string;
  args: SqlValue[];
}

/** `createClient` of `@libsql/client`. */
export interface LibsqlClient {
  execute(statement: LibsqlStatement): Promise<LibsqlResult>;
  batch(statements: LibsqlStatement[], mode: "write" | "read"): Promise<readonly LibsqlResult[]>;
  executeMultiple(sql: string): Promise<unknown>;
  /** `file` for a database in this process. */
  readonly protocol: string;
}

/**
 * A libSQL database: a file (`createClient({ url: "file:auth.db" })`), `":memory:"`, or a server such as Turso's.
 *
 * The tables are made at first use where the database lies in this process, by `migrate()` on a server. Other processes may
 * write the same file: a batch waits for them, up to two seconds, while the others of this process go on. `intMode: "string"`
 * makes booleans unreadable; the other modes will do. The client stays the host's: it is not closed here.
 *
 * @throws ConfigurationError where it is no such client.
 */
export function libsql(client: LibsqlClient): Database {
  if (!isClient(client)) throw wrongClient("libsql", 'a client made by createClient of "@libsql/client"', client);
  const inProcess = client.protocol === "file";
  const run = inProcess ? overFile(client) : (statements: readonly Statement[]) => send(client, statements);
  const inTurn = queue();
  return {
    dialect: "sqlite",
    createsTables: inProcess,
    // The client ends the process where a text is not UTF-8.
    textsAsBytes: true,
    batch: (statements, transaction) =>
      within(transaction, (deadline) =>
        deadline.race(
          (async () =>
            inTurn(
              () => {
                deadline.check();
                return run(statements);
              },
              { onlyReads: statements.every(reads), timeout: deadline.remaining },
            ))(),
        ),
      ),
  };
}

/** A statement that stands alone needs no transaction, and one that reads waits for no writer then. */
async function send(client: LibsqlClient, statements: readonly Statement[]): Promise<readonly Result[]> {
  const [first, ...others] = statements.map(({ sql, params }) => ({ sql, args: [...params] }));
  if (first === undefined) return [];
  if (others.length === 0) return [outcome(await client.execute(first))];
  const results = await client.batch([first, ...others], statements.every(reads) ? "read" : "write");
  return results.map(outcome);
}

/** How long the file may be locked while a batch is under way, in milliseconds. Nothing else runs meanwhile. */
const BUSY_TIMEOUT = 50;

/**
 * A statement that libSQL prepares and that finds the file locked stays in progress until its object is collected. Until
 * then the connection cannot commit, and keeps a lock that nobody else gets past. A script leaves nothing behind: so one
 * looks first whether the file is free. Another process can come by between the two, but rarely; then the collector frees
 * the connection.
 */
function overFile(client: LibsqlClient): (statements: readonly Statement[]) => Promise<readonly Result[]> {
  let waits: Promise<string> | undefined;
  return async (statements) => {
    waits ??= busyTimeout(client);
    const probe = statements.every(reads) ? "SELECT 1 FROM sqlite_master LIMIT 1" : "BEGIN EXCLUSIVE; ROLLBACK";
    await client.executeMultiple(`${await waits}${probe}`);
    try {
      return await send(client, statements);
    } catch (error) {
      if (isLocked(error)) collect();
      throw error;
    }
  };
}

/** What sets the time-out where the host has set none. */
async function busyTimeout(client: LibsqlClient): Promise<string> {
  const { rows } = await client.execute({ sql: "PRAGMA busy_timeout", args: [] });
  return Number(rows[0]?.[0] ?? 0) > 0 ? "" : `PRAGMA busy_timeout = ${BUSY_TIMEOUT}; `;
}

/** Has what nobody refers to any more collected, where the runtime lets a program ask for that. */
function collect(): void {
  const { Bun, process } = globalThis as {
    Bun?: { gc(isSynchronous: boolean): void };
    process?: { getBuiltinModule?(name: string): unknown };
  };
  if (Bun !== undefined) return Bun.gc(true);
  try {
    const v8 = process?.getBuiltinModule?.("node:v8") as { setFlagsFromString(flags: string): void } | undefined;
    const vm = process?.getBuiltinModule?.("node:vm") as { runInNewContext(code: string): () => void } | undefined;
    v8?.setFlagsFromString("--expose-gc");
    vm?.runInNewContext("gc")();
  } catch {
    // It happens by itself some time.
  }
}

function outcome({ columns, rows, rowsAffected }: LibsqlResult): Result {
  return {
    rows: rows.map((row) => Object.fromEntries(columns.map((column, index) => [column, text(row[index])]))),
    affected: columns.length > 0 ? 0 : rowsAffected,
  };
}

/** What is not UTF-8 becomes U+FFFD. */
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** A BLOB is a text that was asked for as bytes. */
function text(value: unknown): unknown {
  return value instanceof ArrayBuffer ? utf8.decode(value) : value;
}

function reads({ sql }: Statement): boolean {
  return sql.startsWith("SELECT");
}

function isClient(client: unknown): client is LibsqlClient {
  return hasMethods(client, "batch", "execute", "executeMultiple");
}
