/**
 * What fixes a database that is not set up, said with the fault.
 *
 * @module
 */

import type { Database, Dialect } from "./driver/database.js";
import type { FaultEvent } from "./event.js";

/** The command or the step, for each mistake. */
const REMEDIES: Readonly<Record<NonNullable<FaultEvent["cause"]>, (dialect: Dialect) => string>> = {
  missing_table: (dialect) =>
    "`npx auth101-wasm migrate` or `await auth.migrate()` makes the tables that are not your own; " +
    `\`${generate(dialect)}\` prints the statements`,
  missing_column: (dialect) => `add the column to the table as \`${generate(dialect)}\` declares it, or correct its name`,
  missing_database: () => "correct the name of the database in the settings of the client, or make it (`CREATE DATABASE`)",
  cannot_open: () => "see that the directory of the file exists, and let the user of this process read and write both",
  cannot_write: () =>
    "let the user of this process write the file and its directory: SQLite puts a journal beside the file",
  not_a_database: () => "correct the path of the file, or restore it from a backup",
  disk_full: () => "make room on the disk of the database, or raise what it may take",
  refused_user: () =>
    "correct the user and the password in the settings of the client, or let the server accept the user from this address",
  missing_right: (dialect) =>
    dialect === "sqlite"
      ? "give the token of the client the right to write"
      : "`GRANT` the user SELECT, INSERT, UPDATE and DELETE on the tables, and for `migrate` CREATE where they are to be made",
  key_too_long: () =>
    "shorten the column of the index, or use a row format that allows longer keys (`ROW_FORMAT=DYNAMIC`)",
  read_only_server: () => "let the address of the client lead to the primary, or let the server take writes",
  tls: () => "set `ssl` of the client as the server wants it, with the certificate authority that signed its certificate",
};

/** The fault with what fixes it, where that is known. */
export function withRemedy(fault: FaultEvent, { dialect }: Database): FaultEvent {
  if (fault.cause === undefined || fault.remedy !== undefined) return fault;
  return { ...fault, remedy: REMEDIES[fault.cause](dialect) };
}

function generate(dialect: Dialect): string {
  return `npx auth101-wasm generate --dialect ${dialect}`;
}
