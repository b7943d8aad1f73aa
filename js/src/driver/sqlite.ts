/**
 * SQLite, by what the runtime has built in: `node:sqlite` in Node (from 22.13) and Deno, `bun:sqlite` in Bun.
 *
 * @module
 */

import { ConfigurationError } from "../errors.js";
import type { Database, Result, Statement } from "./database.js";
import { TimeoutError } from "./deadline.js";
import { queue } from "./locked.js";

/** How long one attempt waits for another process that writes, in milliseconds. Nothing else runs meanwhile. */
const BUSY_TIMEOUT = 50;

/** What the two modules have in common. */
interface Connection {
  exec(sql: string): unknown;
  prepare(sql: string): Prepared;
  close(): void;
}

interface Prepared {
  all(...params: readonly unknown[]): unknown[];
  run(...params: readonly unknown[]): { readonly changes: number | bigint };
}

/**
 * A database in a file, or in memory with `":memory:"`. Its tables are made at first use. Other processes may write the
 * same file: a batch waits for them, up to two seconds, while the others of this process go on.
 *
 * @param path the file, which is made where it is missing; its directory must be there.
 * @throws ConfigurationError where the runtime has no SQLite, or the file cannot be opened.
 */
export function sqlite(path: string): Database {
  if (typeof path !== "string" || path === "") {
    throw new ConfigurationError("database", 'sqlite(path) needs the path of a file, or ":memory:"');
  }
  const connection = open(path);
  connection.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT}`);
  const prepared = new Map<string, Prepared>();

  const run = ({ sql, params }: Statement): Result => {
    let statement = prepared.get(sql);
    if (statement === undefined) {
      statement = connection.prepare(sql);
      prepared.set(sql, statement);
    }
    if (reads(sql)) {
      return { rows: statement.all(...params) as Record<string, unknown>[], affected: 0 };
    }
    return { rows: [], affected: Number(statement.run(...params).changes) };
  };

  // Synchronous from beginning to end: two batches on this connection cannot mix.
  const transact = (statements: readonly Statement[], begin: readonly string[], check: () => void): Result[] => {
    check();
    // One statement is a transaction by itself, and a read one need not wait for writers.
    if (statements.length === 1) return statements.map(run);
    for (const sql of begin) connection.exec(sql);
    try {
      const results = statements.map(run);
      check();
      connection.exec("COMMIT");
      return results;
    } catch (error) {
      rollBack(connection);
      throw error;
    }
  };
  const inTurn = queue();

  return {
    dialect: "sqlite",
    createsTables: true,
    batch: (statements, { begin, signal, timeout }) => {
      const end = performance.now() + (timeout ?? Number.POSITIVE_INFINITY);
      const check = () => {
        signal?.throwIfAborted();
        if (performance.now() > end) throw new TimeoutError();
      };
      const onlyReads = statements.length === 1 && statements.every(({ sql }) => reads(sql));
      return inTurn(() => transact(statements, begin, check), { onlyReads, timeout });
    },
    close: () => connection.close(),
  };
}

function reads(sql: string): boolean {
  return sql.startsWith("SELECT");
}

/** Some errors, such as a full disk, have ended the transaction themselves. */
function rollBack(connection: Connection): void {
  try {
    connection.exec("ROLLBACK");
  } catch {
    // The error that led here says more.
  }
}

function open(path: string): Connection {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): Record<string, unknown> | undefined } };
  const builtin = (name: string) => {
    try {
      return process?.getBuiltinModule?.(name);
    } catch {
      return undefined;
    }
  };
  const class_ = builtin("bun:sqlite")?.Database ?? builtin("node:sqlite")?.DatabaseSync;
  if (class_ === undefined) {
    throw new ConfigurationError(
      "database",
      'this runtime has no SQLite built in (Node has from 22.13, Deno from 2.2): take "auth101-wasm/libsql" with a client ' +
        'of "@libsql/client"',
    );
  }
  try {
    return new (class_ as new (path: string) => Connection)(path);
  } catch (error) {
    const said = error instanceof Error ? error.message : "unknown";
    const reason = whyNot(path, builtin("node:fs") as FileSystem | undefined);
    const why = reason === undefined ? said : `${reason} (${said})`;
    throw new ConfigurationError("database", `the file ${JSON.stringify(path)} cannot be opened: ${why}`);
  }
}

interface FileSystem {
  existsSync(path: string): boolean;
  statSync(path: string): { isDirectory(): boolean };
  openSync(path: string, flags: string): number;
  closeSync(file: number): void;
}

/** Why a file cannot be opened, in words: SQLite says that for all reasons alike. */
function whyNot(path: string, fs: FileSystem | undefined): string | undefined {
  try {
    if (fs === undefined) return undefined;
    if (!fs.existsSync(path.replace(/[^/\\]*$/, "") || ".")) return "its directory does not exist";
    if (!fs.existsSync(path)) return "it does not exist, and this process may not write its directory";
    if (fs.statSync(path).isDirectory()) return "it is a directory";
    fs.closeSync(fs.openSync(path, "r"));
    return undefined;
  } catch (error) {
    const { code } = error as { code?: unknown };
    return code === "EACCES" ? "this process lacks the permission to read it" : undefined;
  }
}
