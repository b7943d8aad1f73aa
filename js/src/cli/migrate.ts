/**
 * `auth101-wasm migrate`.
 *
 * @module
 */

import type { Auth101Base } from "../auth101.js";
import { describeFailure, wordsOf } from "../batch.js";
import { Auth101 } from "../entry/server.js";
import type { Difference, MigratedTable, Migration } from "../migration.js";
import { isService, load } from "./config.js";
import { Refusal } from "./refusal.js";

/** What the reference calls the tables, in its order. */
const TITLES = { user: "User", session: "Session", account: "Account", verification: "Verification" };

/** Milliseconds that the database may take to close. */
const CLOSING_TIME = 5_000;

/**
 * Makes the tables that are ours and not there yet, and says in what the others are not as they must be.
 *
 * @returns the exit code: 1 where the service would fail over these tables.
 */
export async function migrate(config: string): Promise<number> {
  const exported = await load(config);
  const auth = isService(exported) ? exported : new Auth101(exported);
  try {
    return report(await auth.migrate());
  } catch (error) {
    if (!(error instanceof Error && error.name === "ServiceError")) throw error;
    throw new Refusal(
      `${error.message}: the database could not be asked or refused; the fault was told to \`onEvent\`, or stands above`,
      ...wordsOf(error.cause).map((words) => `The database said: ${words}`),
    );
  } finally {
    await close(auth);
  }
}

/** Gives the database back, or says that it would not go: what has been done stays done, and what failed stays failed. */
async function close(auth: Auth101Base): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, CLOSING_TIME, `it took longer than ${CLOSING_TIME / 1_000} seconds`);
  });
  const closed = async () => auth.close();
  const failed = (error: unknown) => describeFailure(error).detail.code ?? "it failed";
  const problem = await Promise.race([closed().then(() => undefined, failed), late]);
  clearTimeout(timer);
  if (problem !== undefined) console.error(`auth101: The database was not closed (${problem}). The process ends all the same.`);
}

function report({ tables, differences }: Migration): number {
  const breaking = differences.filter(({ breaks }) => breaks);
  const isWhole = ({ name }: MigratedTable) => breaking.every(({ table }) => table !== name);
  for (const option of Object.keys(TITLES)) {
    for (const table of tables.filter((table) => table.option === option)) {
      if (table.ownership !== "managed" || isWhole(table)) console.log(`auth101: ${sentence(table)}`);
    }
  }
  for (const difference of differences) console.error(`auth101: ${describe(difference)}`);
  if (breaking.length === 0) return 0;
  console.error("auth101: These tables cannot be used as they are. Fix what is named above, then migrate again.");
  return 1;
}

function sentence({ option, name, ownership }: MigratedTable): string {
  const table = `${TITLES[option]} table`;
  if (ownership === "managed") return `${table} '${name}' ensured.`;
  return ownership === "host" ? `${table} is your own (skipped).` : `${table} customized (skipped).`;
}

function describe({ table, problem, remedy, breaks }: Difference): string {
  const said = `${breaks ? "Error" : "Advice"}: table '${table}' ${problem}.`;
  return remedy === undefined ? said : `${said}\n  ${remedy};`;
}
