/**
 * What mends a database that is not set up, said with the fault.
 *
 * @module
 */

import type { Database } from "./driver/database.js";
import type { FaultEvent } from "./event.js";

/** The fault with the command that mends it, where there is one. */
export function mend(fault: FaultEvent, { dialect }: Database): FaultEvent {
  if (fault.fault !== "not_set_up" || fault.mend !== undefined) return fault;
  if (!["missing_table", "missing_column"].includes(fault.cause ?? "")) return fault;
  const generate = `npx auth101-wasm generate --dialect ${dialect}`;
  return {
    ...fault,
    mend: fault.cause === "missing_table"
      ? `\`npx auth101-wasm migrate\` or \`await auth.migrate()\` makes the tables that are not your own; \`${generate}\` prints the statements`
      : `add the column to the table as \`${generate}\` declares it, or correct its name`,
  };
}
