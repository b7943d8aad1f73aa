// A driver of your own: SQLite by Drizzle over better-sqlite3.
//
// Where Drizzle stands on a client that the package has a driver for, none is needed: `pg(db.$client)`,
// `mysql2(db.$client)`, `libsql(db.$client)`, `d1(env.DB)`.

import { sql } from "drizzle-orm";

/** @param {import("drizzle-orm/better-sqlite3").BetterSQLite3Database} db */
export function drizzle(db) {
  return {
    dialect: "sqlite",
    createsTables: true,
    batch: (statements) =>
      db.transaction(
        (transaction) =>
          statements.map((statement) =>
            statement.sql.startsWith("SELECT")
              ? { rows: transaction.all(query(statement)), affected: 0 }
              : { rows: [], affected: transaction.run(query(statement)).changes },
          ),
        { behavior: "immediate" },
      ),
  };
}

/** The text with its values in the places of the question marks; there is none inside a name or a literal. */
function query({ sql: text, params }) {
  const [first, ...rest] = text.split("?");
  return sql.join([sql.raw(first), ...rest.flatMap((part, index) => [sql`${params[index]}`, sql.raw(part)])]);
}
