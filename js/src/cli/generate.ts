/**
 * `auth101-wasm generate`.
 *
 * @module
 */

import type { Dialect } from "../driver/database.js";
import { schema } from "../entry/server.js";
import { isService, load } from "./config.js";

/**
 * Prints the statements that make the tables of a configuration, as a script for any SQL shell. Asks no database.
 *
 * @param all whether to print also the tables that are the host's own.
 */
export async function generate(dialect: Dialect, config: string | undefined, all: boolean): Promise<number> {
  const statements = await statementsFor(dialect, config, all);
  console.log("-- The tables of auth101, rendered by `npx auth101-wasm generate`.");
  for (const statement of statements) console.log(`\n${statement};`);
  return 0;
}

async function statementsFor(dialect: Dialect, config: string | undefined, all: boolean): Promise<string[]> {
  if (config === undefined) return schema({ dialect, all });
  const exported = await load(config);
  if (isService(exported)) return exported.schema({ dialect, all });
  const { user, userFieldMapping, session, account, verification } = exported;
  return schema({ dialect, all, user, userFieldMapping, session, account, verification });
}
