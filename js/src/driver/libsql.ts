/**
 * libSQL and Turso, by a client of the package `@libsql/client` that the host brings.
 *
 * @module
 */

import { hasMethods, wrongClient } from "./client.js";
import type { Database, SqlValue } from "./database.js";

/** What a statement gives. */
export interface LibsqlResult {
  readonly columns: readonly string[];
  readonly rows: readonly { readonly [column: number]: unknown }[];
  readonly rowsAffected: number;
}

/** `createClient` of `@libsql/client`. */
export interface LibsqlClient {
  batch(statements: { sql: string; args: SqlValue[] }[], mode: "write"): Promise<readonly LibsqlResult[]>;
  /** `file` for a database in this process. */
  readonly protocol: string;
}

/**
 * A libSQL database: a file (`createClient({ url: "file:auth.db" })`), `":memory:"`, or a server such as Turso's.
 *
 * The tables are made at first use where the database lies in this process, by `migrate()` on a server. A file that
 * several processes write needs `timeout` in the options of `createClient`, in milliseconds: without it a batch does
 * not wait for its turn. `intMode: "string"` makes booleans unreadable; the other modes will do. The client stays the
 * host's: it is not closed here.
 *
 * @throws ConfigurationError where it is no such client.
 */
export function libsql(client: LibsqlClient): Database {
  if (!isClient(client)) throw wrongClient("libsql", 'a client made by createClient of "@libsql/client"', client);
  return {
    dialect: "sqlite",
    createsTables: client.protocol === "file",
    batch: async (statements) => {
      const results = await client.batch(
        statements.map(({ sql, params }) => ({ sql, args: [...params] })),
        "write",
      );
      return results.map(({ columns, rows, rowsAffected }) => ({
        rows: rows.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index]]))),
        affected: columns.length > 0 ? 0 : rowsAffected,
      }));
    },
  };
}

function isClient(client: unknown): client is LibsqlClient {
  return hasMethods(client, "batch", "executeMultiple");
}
