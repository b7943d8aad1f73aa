// Holds the conversations of tests/wire with the built Worker in the real workerd, with D1.

import { describe } from "node:test";
import { NAMINGS, printSchema, replayAll } from "../conversations.mjs";
import { startWorker } from "./harness.mjs";

for (const [naming, names] of Object.entries(NAMINGS)) {
  describe(`under ${naming}`, async () => {
    const migration = await printSchema("sqlite", names);
    replayAll(names, ({ secret, ...options }) => {
      const variables = Object.entries(options).map(([name, value]) => [`AUTH_${name.toUpperCase()}`, value]);
      return startWorker({ secret, vars: Object.fromEntries(variables), migration });
    });
  });
}
