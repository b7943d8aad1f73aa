// The suites of the test kit, over every database that Node reaches.

import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import { databases, stopServers } from "./databases.mjs";
import { READS_UP_TO_NUL, runClaims } from "./load_suite.mjs";

after(stopServers);

for (const [name, open] of Object.entries(databases)) {
  suite(`over ${name}`, () => {
    // One connection: the claims about racing batches are about those that meet on it.
    const except = /^(node:sqlite|libsql)/.test(name) ? READS_UP_TO_NUL : undefined;
    test("the driver does what every driver must do", () => claims(open, "driver", 1, 15, except));
    test("the store does what every store must do", () => claims(open, "store", 4, 33));
  });
}

async function claims(open, name, connections, atLeast, except) {
  const { database, close } = await open(connections);
  try {
    const passed = await runClaims(name, database, except);
    assert.ok(passed.length >= atLeast, `${passed.length} claims`);
  } finally {
    await close();
  }
}
