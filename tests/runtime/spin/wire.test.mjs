// Holds the conversations of tests/wire with the built component, over SQLite and over PostgreSQL.

import { describe } from "node:test";
import { NAMINGS, printSchema, replayAll } from "../conversations.mjs";
import { DATABASES, startSpin } from "./harness.mjs";

for (const database of DATABASES) {
  for (const [naming, names] of Object.entries(NAMINGS)) {
    describe(`on ${database}, under ${naming}`, async () => {
      const migration = await printSchema(database, names);
      replayAll(names, ({ secret, ...options }) => startSpin({ database, secret, options, migration }));
    });
  }
}
