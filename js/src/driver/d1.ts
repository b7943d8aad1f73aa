/**
 * Cloudflare D1, by the binding that a Worker is given.
 *
 * @module
 */

import { ConfigurationError } from "../errors.js";
import { hasMethods, wrongClient } from "./client.js";
import type { Database, SqlValue } from "./database.js";

/** A prepared statement. */
export interface D1Statement {
  bind(...values: SqlValue[]): D1Statement;
}

/** What a statement gives. */
export interface D1Result {
  readonly results?: readonly object[];
  readonly meta: { readonly changes?: number };
}

/** A binding to a D1 database, whose statements all reach the primary. */
export interface D1Binding {
  prepare(sql: string): D1Statement;
  batch(statements: D1Statement[]): Promise<readonly D1Result[]>;
  /** A session of D1 has it, a binding does not. */
  readonly getBookmark?: undefined;
}

/**
 * A D1 database: `d1(env.DB)`. Its tables are made by the migration (`npx wrangler d1 migrations apply`).
 *
 * @throws ConfigurationError where it is no binding to one, or a session of one (`env.DB.withSession()`): its reads may come
 *   from a replica that has not heard of a sign-out yet.
 */
export function d1(binding: D1Binding): Database {
  if (!hasMethods(binding, "prepare", "batch")) {
    throw wrongClient("d1", "a binding to a D1 database, such as env.DB of [[d1_databases]] in wrangler.toml", binding);
  }
  if (hasMethods(binding, "getBookmark")) {
    const problem =
      "is a session of D1, whose reads may come from a replica that has not heard of a sign-out yet: give the binding " +
      "itself, such as d1(env.DB), whose reads come from the primary";
    throw new ConfigurationError("database", problem);
  }
  return {
    dialect: "sqlite",
    batch: async (statements) => {
      // D1 refuses a batch of none.
      if (statements.length === 0) return [];
      const results = await binding.batch(statements.map(({ sql, params }) => binding.prepare(sql).bind(...params)));
      return results.map(({ results, meta }) => ({
        rows: (results ?? []) as Record<string, unknown>[],
        affected: meta.changes ?? 0,
      }));
    },
  };
}
