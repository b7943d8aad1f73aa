// A driver of your own: any database that Kysely has a dialect for.

import { CompiledQuery } from "kysely";

/**
 * @param {import("kysely").Kysely<any>} db
 * @param {"sqlite" | "postgres" | "mysql"} dialect the database's
 */
export function kysely(db, dialect) {
  return {
    dialect,
    // One connection for the whole batch. It comes from a pool and may be in a stranger's transaction: `begin` knows.
    batch: (statements, { begin, signal }) =>
      db.connection().execute(async (connection) => {
        const run = (sql, params = []) => connection.executeQuery(CompiledQuery.raw(sql, [...params]));
        // A batch that was given up, perhaps while it waited for its connection, must neither begin nor go on.
        const step = (sql, params) => {
          signal?.throwIfAborted();
          return run(sql, params);
        };
        try {
          for (const sql of begin) await step(sql);
          const results = [];
          for (const { sql, params } of statements) {
            const { rows, numAffectedRows } = await step(sql, params);
            results.push({ rows, affected: rows.length > 0 ? 0 : Number(numAffectedRows ?? 0) });
          }
          await step("COMMIT");
          return results;
        } catch (error) {
          // Where this fails too, the connection is broken and the server rolls back by itself.
          await run("ROLLBACK").catch(() => undefined);
          throw error;
        }
      }),
  };
}
