// A driver of your own: SQLite by better-sqlite3. It is the option `database` of `new Auth101(…)`.

/** @param {import("better-sqlite3").Database} connection */
export function betterSqlite3(connection) {
  const run = ({ sql, params }) => {
    const statement = connection.prepare(sql);
    if (statement.reader) return { rows: statement.all(...params), affected: 0 };
    return { rows: [], affected: statement.run(...params).changes };
  };
  // All statements or none: better-sqlite3 commits at the end of the function and rolls back when it throws.
  const inTransaction = connection.transaction((statements) => statements.map(run));
  return {
    dialect: "sqlite",
    createsTables: true,
    batch: (statements) => inTransaction.immediate(statements),
  };
}
